using System.Diagnostics;

namespace Rag.Engine.Indexing;

/// <summary>
/// What scans and walks cost on this machine, to choose between them. The shape is a model (so much a row, so much a
/// byte); its two factors follow the searches that the process runs, so that the choice is made by measured cost.
/// Thread-safe: updates may overwrite each other, which costs a sample.
/// </summary>
internal static class CostModel
{
    /// <summary>Pool size that most searches end up with.</summary>
    private const int UsualEf = 64;

    /// <summary>Distances a walk computes for each candidate of its pool, about half of the lowest layer's edges.</summary>
    private const double DistancesPerCandidate = 14;

    private const double FilterNs = 2;

    /// <summary>Accepted neighbours that a filtered walk looks for at each row.</summary>
    private const double EnoughNeighbours = 32;

    /// <summary>Of these, those that were not met before.</summary>
    private const double FreshShare = 0.5;

    /// <summary>Asking a filter about a neighbour, and reading a list of them.</summary>
    private const double AskNs = 0.5;

    private const double ListNs = 10;

    /// <summary>Passing over a row that a filter does not accept: most come 64 at a time.</summary>
    private const double EmptyRowNs = 0.03;

    private const double Weight = 1 / 64.0;
    private const int ClockBits = 5; // the lowest bits of a clock may always be the same

    private static double _scanFactor = 1;
    private static double _walkFactor = 1;
    private static double _filteredFactor = 1;

    /// <summary>Nanoseconds of a scan over rows of which some are accepted and compared.</summary>
    public static double ScanNs(int codeBytes, long rows, long accepted) =>
        Volatile.Read(ref _scanFactor) * ScanModel(codeBytes, rows, accepted);

    /// <summary>Nanoseconds of a walk with a pool of <paramref name="ef"/>.</summary>
    public static double WalkNs(int codeBytes, double ef) =>
        Volatile.Read(ref _walkFactor) * WalkModel(codeBytes, ef * DistancesPerCandidate);

    /// <summary>Nanoseconds of a walk among accepted rows, of which the neighbours hold a share.</summary>
    public static double FilteredWalkNs(int codeBytes, double ef, double share, int edges) =>
        Volatile.Read(ref _filteredFactor) * FilteredModel(codeBytes, ef, share, edges);

    /// <summary>Rows up to which a scan is cheaper than a walk of usual effort.</summary>
    public static int ExactThreshold(int codeBytes) =>
        (int)Math.Clamp(
            (WalkNs(codeBytes, UsualEf) - ScanNs(codeBytes, 0, 0)) / (ScanNs(codeBytes, 1, 1) - ScanNs(codeBytes, 0, 0)),
            500, 50_000);

    /// <summary>Notes what a scan cost; one in eight counts, so that cores do not contend for the factor.</summary>
    public static void NoteScan(int codeBytes, long rows, long distances, long startedAt) =>
        Follow(ref _scanFactor, startedAt, ScanModel(codeBytes, rows, distances));

    /// <summary>As above, of a walk.</summary>
    public static void NoteWalk(int codeBytes, long distances, long startedAt) =>
        Follow(ref _walkFactor, startedAt, WalkModel(codeBytes, distances));

    /// <summary>As above, of a walk among accepted rows.</summary>
    public static void NoteFilteredWalk(int codeBytes, double ef, double share, int edges, long startedAt) =>
        Follow(ref _filteredFactor, startedAt, FilteredModel(codeBytes, ef, share, edges));

    private static double FilteredModel(int codeBytes, double ef, double share, int edges)
    {
        var lists = Math.Clamp(EnoughNeighbours / (share * edges), 1, edges + 1);
        return WalkModel(codeBytes, ef * lists * edges * share * FreshShare) + ef * lists * (edges * AskNs + ListNs);
    }

    private static double ScanModel(int codeBytes, long rows, long accepted) =>
        100 + rows * EmptyRowNs + accepted * (FilterNs + 4 + codeBytes / 40.0);

    private static double WalkModel(int codeBytes, double distances) => 2000 + distances * (12 + codeBytes / 12.0);

    /// <summary>Moves a factor towards a sample; one that was held up by something else counts little.</summary>
    private static void Follow(ref double factor, long startedAt, double model)
    {
        var now = Stopwatch.GetTimestamp();
        if ((now >> ClockBits & 7) != 0)
            return;
        var sample = Stopwatch.GetElapsedTime(startedAt, now).TotalNanoseconds / model;
        var current = Volatile.Read(ref factor);
        Volatile.Write(ref factor, current + Weight * (Math.Clamp(sample, current / 2, current * 2) - current));
    }
}
