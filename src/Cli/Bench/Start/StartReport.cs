using System.Globalization;

namespace Rag.Cli.Bench.Start;

/// <summary>What the start and the checkpoints came to; the JSON keys are the names below in snake case.</summary>
public sealed record StartReport
{
    /// <summary>The machine.</summary>
    public required string Cpu { get; init; }

    /// <summary>Vectors in the store.</summary>
    public required int Vectors { get; init; }

    /// <summary>Components of a vector.</summary>
    public required int Dim { get; init; }

    /// <summary>Vectors a second while the store was made; null if it was there.</summary>
    public required double? InsertsPerSecond { get; init; }

    /// <summary>Seconds of the first checkpoint, nothing beside it; null if the store was there.</summary>
    public required double? CheckpointSeconds { get; init; }

    /// <summary>Bytes of the snapshot.</summary>
    public required long SnapshotBytes { get; init; }

    /// <summary>Seconds from opening the store until the first search over all vectors was answered.</summary>
    public required double FirstAnswerSeconds { get; init; }

    /// <summary>Of these, seconds until the store was open.</summary>
    public required double OpenSeconds { get; init; }

    /// <summary>Vectors that a count finds then.</summary>
    public required long Counted { get; init; }

    /// <summary>Share of the ten exact neighbours that searches of default effort find.</summary>
    public required double Recall { get; init; }

    /// <summary>Searches a second with every core.</summary>
    public required double? Capacity { get; init; }

    /// <summary>Searches a second in the windows.</summary>
    public required double? Rate { get; init; }

    /// <summary>Vectors replaced a second in the windows.</summary>
    public required int WriteRate { get; init; }

    /// <summary>The windows.</summary>
    public required IReadOnlyList<CheckpointWindow> Windows { get; init; }

    /// <summary>Writes of a few vectors in all windows.</summary>
    public required LatencySummary? Writes { get; init; }

    /// <summary>Median of p99 with a checkpoint over p99 without.</summary>
    public double? CheckpointRatio =>
        Windows.Count == 0 ? null : Median(Windows.Select(window => window.WithP99Us / window.WithoutP99Us));

    /// <summary>Median of p99 without over p99 without just before: what the machine does by itself.</summary>
    public double? ControlRatio =>
        Windows.Count == 0 ? null : Median(Windows.Select(window => window.WithoutP99Us / window.ControlP99Us));

    /// <summary>The limits, and whether they are kept.</summary>
    public IReadOnlyList<BenchBar> Bars
    {
        get
        {
            List<BenchBar> bars =
            [
                new("seconds until the first answer", FirstAnswerSeconds, 5),
                new("vectors missing after the start", Vectors - Counted, 0),
                new("recall lost at default effort", Math.Round(1 - Recall, 4), 0.06),
            ];
            if (CheckpointRatio is { } ratio)
                bars.Add(new BenchBar("search p99 with a checkpoint of p99 without", ratio, 1.2));
            return bars;
        }
    }

    /// <summary>The report for people.</summary>
    public void WriteText(TextWriter output)
    {
        var culture = CultureInfo.InvariantCulture;
        output.WriteLine(Cpu);
        if (InsertsPerSecond is { } rate)
            output.WriteLine(string.Create(culture, $"made: {rate:N0} vectors/s, then a checkpoint in {CheckpointSeconds:0.0} s"));
        output.WriteLine(string.Create(culture,
            $"{Vectors:N0} × {Dim}, a snapshot of {SnapshotBytes / 1e6:N0} MB: first answer after {FirstAnswerSeconds:0.00} s "
            + $"(open after {OpenSeconds:0.00} s), recall {Recall:0.000}"));
        if (Rate is { } searches)
        {
            output.WriteLine(string.Create(culture,
                $"{searches:N0} searches/s ({Capacity:N0} with every core) beside {WriteRate:N0} upserts/s; p99 in µs:"));
            output.WriteLine("  without   without   with a checkpoint   ratio   checkpoints   seconds each   "
                + "collector all/longest ms   late ms");
            foreach (var window in Windows)
            {
                output.WriteLine(string.Create(culture,
                    $"  {window.ControlP99Us,7:0}   {window.WithoutP99Us,7:0}   {window.WithP99Us,17:0}   "
                    + $"{window.WithP99Us / window.WithoutP99Us,5:0.00}   {window.Checkpoints,11}   "
                    + $"{window.SecondsEach,12:0.0}   {window.CollectionsMs,13:0.0}/{window.LongestCollectionMs,-10:0.0}   "
                    + $"{window.LatestWakeMs,7:0.0}"));
            }

            output.WriteLine(string.Create(culture,
                $"  median ratio {CheckpointRatio:0.000}; of two windows without {ControlRatio:0.000}"));
            output.WriteLine(string.Create(culture,
                $"  writes: p50 {Writes!.P50Us / 1e3:0.0} ms, p99 {Writes.P99Us / 1e3:0.0} ms, max {Writes.MaxMs:0.0} ms"));
        }

        foreach (var bar in Bars)
            output.WriteLine(bar.ToText());
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return Math.Round((sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2, 4);
    }
}

/// <summary>Three windows one after the other: twice without a checkpoint, then with one after the other running.</summary>
/// <param name="ControlP99Us">p99 of searches in the first, microseconds.</param>
/// <param name="WithoutP99Us">In the second.</param>
/// <param name="WithP99Us">In the third.</param>
/// <param name="Checkpoints">Checkpoints begun in the third.</param>
/// <param name="SecondsEach">How long one took.</param>
public sealed record CheckpointWindow(
    double ControlP99Us, double WithoutP99Us, double WithP99Us, int Checkpoints, double SecondsEach)
{
    /// <summary>What the garbage collector paused in all in the third, milliseconds.</summary>
    public double CollectionsMs { get; init; }

    /// <summary>Its longest pause.</summary>
    public double LongestCollectionMs { get; init; }

    /// <summary>How late a thread that only sleeps woke at most: what the machine or the collector held up.</summary>
    public double LatestWakeMs { get; init; }
}
