using System.Diagnostics;
using Rag.Engine;

namespace Rag.Cli.Bench.Start;

/// <summary>
/// How soon a store of many vectors answers after a start, and what checkpoints do to searches: makes a store, opens it
/// again on a warm page cache, then searches at a steady rate beside writes, with and without a checkpoint running.
/// </summary>
public static class StartBenchmark
{
    private const int K = 10;
    private const int CheckedQueries = 20;
    private const int Queries = 1000;

    private static readonly TimeSpan CapacityTime = TimeSpan.FromSeconds(3);

    /// <summary>Runs the benchmark and prints its report.</summary>
    /// <exception cref="ArgumentException">An option is out of range, or the folder holds something else.</exception>
    /// <exception cref="StoreException">The store cannot be opened or written.</exception>
    public static async Task<StartReport> RunAsync(StartOptions options, TextWriter output, CancellationToken cancellation)
    {
        options.Validate();
        var folder = options.Folder ?? Path.Combine(Path.GetTempPath(), $"rag-bench-{Guid.NewGuid():N}");
        try
        {
            var report = await RunInAsync(options, new StartStore(options, folder), cancellation);
            if (options.Json)
                output.WriteLine(BenchJson.Write(report));
            else
                report.WriteText(output);
            return report;
        }
        finally
        {
            if (options.Folder is null && Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<StartReport> RunInAsync(StartOptions options, StartStore made, CancellationToken cancellation)
    {
        (TimeSpan Insert, TimeSpan Checkpoint)? making = made.IsMade() ? null : await made.MakeAsync(cancellation);
        made.Warm(cancellation);
        var queries = Enumerable.Range(1, Queries).Select(i => made.Vectors[-i]).ToArray();
        var began = Stopwatch.GetTimestamp();
        await using var store = await made.OpenAsync(cancellation);
        var opened = Stopwatch.GetElapsedTime(began);
        await made.SearchAsync(store, queries[0], K, exact: false, cancellation);
        var answered = Stopwatch.GetElapsedTime(began);
        var counted = await made.CountAsync(store, cancellation);
        var recall = await RecallAsync(made, store, queries, cancellation);
        var windows = options.Windows == 0 ? null : new CheckpointWindows(options, made, store, queries);
        if (windows is not null)
            await windows.RunAsync(cancellation);
        // The next run that reuses the folder shall find nothing to replay.
        await store.CheckpointAsync(cancellation);
        return new StartReport
        {
            Cpu = BenchMachine.Describe(),
            Vectors = options.Vectors,
            Dim = options.Dim,
            InsertsPerSecond = making is { } times ? Math.Round(options.Vectors / times.Insert.TotalSeconds) : null,
            CheckpointSeconds = making is { } both ? Math.Round(both.Checkpoint.TotalSeconds, 2) : null,
            SnapshotBytes = store.Status.SnapshotBytes,
            OpenSeconds = Math.Round(opened.TotalSeconds, 3),
            FirstAnswerSeconds = Math.Round(answered.TotalSeconds, 3),
            Counted = counted,
            Recall = recall,
            Capacity = windows is null ? null : Math.Round(windows.Capacity),
            Rate = windows is null ? null : Math.Round(windows.Rate),
            WriteRate = options.WriteRate,
            Windows = windows?.Results ?? [],
            Writes = windows is null ? null : LatencySummary.Of(windows.Writes),
        };
    }

    private static async Task<double> RecallAsync(
        StartStore made, ShardStore store, float[][] queries, CancellationToken cancellation)
    {
        var (found, wanted) = (0, 0);
        foreach (var query in queries.Take(CheckedQueries))
        {
            var exact = await made.SearchAsync(store, query, K, exact: true, cancellation);
            var walked = await made.SearchAsync(store, query, K, exact: false, cancellation);
            wanted += exact.Hits.Count;
            found += walked.Hits.Count(hit => exact.Hits.Any(other => other.Key == hit.Key));
        }

        return Math.Round(found / (double)wanted, 4);
    }

    internal static TimeSpan CapacityDuration(double windowSeconds) =>
        TimeSpan.FromSeconds(Math.Min(CapacityTime.TotalSeconds, windowSeconds));
}
