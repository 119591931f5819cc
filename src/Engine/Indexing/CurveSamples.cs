namespace Rag.Engine.Indexing;

/// <summary>Samples of every kind of search, from one source. One thread.</summary>
internal sealed class CurveSamples
{
    public RecallLadder Open { get; } = new();

    public RecallLadder Filtered { get; } = new();

    /// <summary>What they say of an index with so many rows; what they know too little of is guessed.</summary>
    public RecallCurves? ToCurves(int rows)
    {
        if (Open.ToTable(rows) is not { } open)
            return null;
        return Filtered.ToTable(rows) is { } filtered ? new RecallCurves(open, filtered) : RecallCurves.Of(open);
    }
}
