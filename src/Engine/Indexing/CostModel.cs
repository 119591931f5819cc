namespace Rag.Engine.Indexing;

/// <summary>What reading codes costs, in nanoseconds, to choose between a scan and a walk.</summary>
internal static class CostModel
{
    /// <summary>Distances a walk computes for each candidate of its pool, about half of the lowest layer's edges.</summary>
    public const double DistancesPerCandidate = 14;

    /// <summary>Asking whether a row is there and accepted.</summary>
    private const double FilterNs = 2;

    public static double ScanNs(int codeBytes, long rows, long accepted) =>
        rows * FilterNs + accepted * (4 + codeBytes / 40.0);

    public static double WalkNs(int codeBytes, long ef) =>
        2000 + ef * DistancesPerCandidate * (12 + codeBytes / 12.0);

    /// <summary>Rows up to which a scan is cheaper than a walk of usual effort.</summary>
    public static int ExactThreshold(int codeBytes) =>
        (int)(WalkNs(codeBytes, 64) / (FilterNs + 4 + codeBytes / 40.0));
}
