using System.Globalization;

namespace Rag.Cli.Bench.Churn;

/// <summary>What the churn came to; the JSON keys are the names below in snake case.</summary>
public sealed record ChurnReport
{
    /// <summary>The machine.</summary>
    public required string Cpu { get; init; }

    /// <summary>Vectors in the index at any time.</summary>
    public required int Live { get; init; }

    /// <summary>Vectors that took the place of others: as many as <see cref="Live"/>.</summary>
    public required int Replaced { get; init; }

    /// <summary>Components of a vector.</summary>
    public required int Dim { get; init; }

    /// <summary>ip, l2 or cosine.</summary>
    public required string Metric { get; init; }

    /// <summary>Form of traversal.</summary>
    public required string Codec { get; init; }

    /// <summary>Rounds of the churn.</summary>
    public required int Rounds { get; init; }

    /// <summary>Vectors of a write in every second round.</summary>
    public required int Batch { get; init; }

    /// <summary>Vectors a second of the first build, nothing beside it.</summary>
    public required double BuildPerSecond { get; init; }

    /// <summary>Vectors a second of single inserts by one thread, searches going on.</summary>
    public required double SingleInsertsPerSecond { get; init; }

    /// <summary>Vectors a second of batches by one thread, searches going on; null if there was only one round.</summary>
    public required double? BatchInsertsPerSecond { get; init; }

    /// <summary>Vectors replaced a second: insert, delete, unlinking and all.</summary>
    public required double ReplacedPerSecond { get; init; }

    /// <summary>Searches beside the churn.</summary>
    public required LatencySummary Searches { get; init; }

    /// <summary>Writes of one vector in, one out.</summary>
    public required LatencySummary SingleWrites { get; init; }

    /// <summary>Writes of a batch in, a batch out.</summary>
    public required LatencySummary BatchWrites { get; init; }

    /// <summary>How late an idle thread woke meanwhile.</summary>
    public required LatencySummary IdleThread { get; init; }

    /// <summary>Garbage collections during the churn.</summary>
    public required int Collections { get; init; }

    /// <summary>What they paused in all, milliseconds.</summary>
    public required double CollectingMs { get; init; }

    /// <summary>The longest pause of one that was seen, milliseconds.</summary>
    public required double LongestCollectionMs { get; init; }

    /// <summary>Hits of vectors whose delete was acknowledged before the search began.</summary>
    public required long DeletedReturned { get; init; }

    /// <summary>Hits whose score is not their vector's.</summary>
    public required long WrongScores { get; init; }

    /// <summary>Recall of ten at equal effort, after the churn and of a fresh build of the same vectors.</summary>
    public required IReadOnlyList<ChurnRecall> Recalls { get; init; }

    /// <summary>Bytes after the churn.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Bytes of the fresh build.</summary>
    public required long FreshMemoryBytes { get; init; }

    /// <summary>The limits, and whether they are kept.</summary>
    public IReadOnlyList<BenchBar> Bars =>
    [
        new("recall lost at equal effort", Math.Round(Recalls.Max(recall => recall.Fresh - recall.Churned), 5), 0.01),
        new("memory of the fresh build's", Math.Round(MemoryBytes / (double)FreshMemoryBytes, 4), 1.1),
        new("deleted vectors returned", DeletedReturned, 0),
        new("wrong scores", WrongScores, 0),
        new("longest search, ms", Searches.MaxMs, 50),
        new("longest single write, ms", SingleWrites.MaxMs, 50),
        new("longest batch write, ms", BatchWrites.MaxMs, 50),
    ];

    /// <summary>The report for people.</summary>
    public void WriteTable(TextWriter output)
    {
        output.WriteLine(Cpu);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Live:N0} × {Dim}, {Metric}, {Codec}: {Replaced:N0} vectors replaced in {Rounds} rounds while searching"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"vectors/s: build {BuildPerSecond:N0}, single inserts {SingleInsertsPerSecond:N0}, "
            + $"batches of {Batch} {BatchInsertsPerSecond:N0}, replaced (insert and delete) {ReplacedPerSecond:N0}"));
        output.WriteLine("                      count      p50 µs      p99 µs    p99.9 µs     max ms   max cpu ms");
        output.WriteLine($"  searches        {Searches.ToText()}");
        output.WriteLine($"  single writes   {SingleWrites.ToText()}");
        output.WriteLine($"  batch writes    {BatchWrites.ToText()}");
        output.WriteLine($"  idle thread     {IdleThread.ToText()}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  garbage collector: {Collections} collections paused {CollectingMs:0.0} ms in all, {LongestCollectionMs:0.0} ms at most"));
        output.WriteLine("  effort   recall after churn   of a fresh build");
        foreach (var recall in Recalls)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {recall.Effort,6}   {recall.Churned,18:0.0000}   {recall.Fresh,16:0.0000}"));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  memory: {MemoryBytes / 1e6:0.0} MB after the churn, {FreshMemoryBytes / 1e6:0.0} MB of a fresh build"));
        foreach (var bar in Bars)
            output.WriteLine(bar.ToText());
    }
}

/// <summary>Recall at one effort.</summary>
/// <param name="Effort">Size of the candidate pool.</param>
/// <param name="Churned">After the churn.</param>
/// <param name="Fresh">Of a fresh build of the same vectors.</param>
public sealed record ChurnRecall(int Effort, double Churned, double Fresh);
