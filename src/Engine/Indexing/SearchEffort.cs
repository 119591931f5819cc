namespace Rag.Engine.Indexing;

/// <summary>How hard a search tries.</summary>
/// <param name="Ef">Size of the candidate pool; 0 takes it from <paramref name="RecallTarget"/>.</param>
/// <param name="RecallTarget">Wanted share of the true nearest rows, 0…1; 0 means 0.95.</param>
/// <param name="Exact">Compares with every accepted row in full precision, whatever that costs.</param>
public readonly record struct SearchEffort(int Ef = 0, float RecallTarget = 0, bool Exact = false)
{
    /// <summary>The recall target of a search that names none.</summary>
    public const float DefaultRecallTarget = 0.95f;

    /// <summary>Largest candidate pool; larger values are cut.</summary>
    public const int MaxEf = 100_000;

    /// <summary>The recall to reach.</summary>
    internal float Target => RecallTarget > 0 ? RecallTarget : DefaultRecallTarget;

    /// <summary>The pool to search the nearest <paramref name="k"/> with.</summary>
    internal int EfFor(RecallTable table, int k) =>
        Math.Max(k, Ef > 0 ? Math.Min(Ef, MaxEf) : table.EfFor(Target, k));
}
