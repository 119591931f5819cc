using System.Diagnostics;
using Rag.Engine;

namespace Rag.Cli.Bench.Start;

/// <summary>
/// Windows of searches at one rate beside writes at one rate: without a checkpoint, again without, and with one after
/// the other running. What a checkpoint leaves behind ends before the next window begins.
/// </summary>
internal sealed class CheckpointWindows(StartOptions options, StartStore made, ShardStore store, float[][] queries)
{
    private const int K = 10;

    // More than cores, so that a search that lost its core does not hold up the next one.
    private readonly SearchLoad _load = new(2 * Environment.ProcessorCount, number =>
    {
        // It always completes at once: the slice is in memory.
        var search = made.SearchAsync(store, queries[(uint)number % queries.Length], K, exact: false, CancellationToken.None);
        search.AsTask().GetAwaiter().GetResult();
    });

    public double Capacity { get; private set; }

    /// <summary>Searches a second in the windows.</summary>
    public double Rate { get; private set; }

    public List<CheckpointWindow> Results { get; } = [];

    /// <summary>Latencies of all writes.</summary>
    public LatencyHistogram Writes { get; } = new();

    public async Task RunAsync(CancellationToken cancellation)
    {
        var length = TimeSpan.FromSeconds(options.WindowSeconds);
        // Once for the compiler, once for the figure.
        _load.Capacity(StartBenchmark.CapacityDuration(options.WindowSeconds), cancellation);
        Capacity = _load.Capacity(StartBenchmark.CapacityDuration(options.WindowSeconds), cancellation);
        Rate = Math.Max(1, Capacity * options.Load);
        await using var writes = new WriteLoad(made, store, options.Vectors, options.WriteRate, options.Seed);
        for (var round = 0; round < options.Windows; round++)
        {
            var control = await SearchAsync(length, cancellation);
            var without = await SearchAsync(length, cancellation);
            var watch = new StallWatch();
            var (with, checkpoints, each) = await SearchBesideCheckpointsAsync(length, cancellation);
            watch.Dispose();
            Results.Add(new CheckpointWindow(P99(control), P99(without), P99(with), checkpoints, Math.Round(each, 2))
            {
                CollectionsMs = Math.Round(watch.Collecting.TotalMilliseconds, 2),
                LongestCollectionMs = Math.Round(watch.LongestCollection.TotalMilliseconds, 2),
                LatestWakeMs = Math.Round(watch.Lateness.Max.TotalMilliseconds, 2),
            });
        }

        await writes.DisposeAsync();
        Writes.Add(writes.Latencies);
    }

    private async Task<(LatencyHistogram Latencies, int Checkpoints, double SecondsEach)> SearchBesideCheckpointsAsync(
        TimeSpan length, CancellationToken cancellation)
    {
        using var over = new CancellationTokenSource();
        var checkpoints = Task.Run(async () =>
        {
            var (count, began) = (0, Stopwatch.GetTimestamp());
            // One at least, even if the window is over before this begins.
            do
            {
                await store.CheckpointAsync(cancellation);
                count++;
            }
            while (!over.IsCancellationRequested);
            return (Count: count, Elapsed: Stopwatch.GetElapsedTime(began));
        }, cancellation);
        var latencies = await SearchAsync(length, cancellation);
        await over.CancelAsync();
        var (done, elapsed) = await checkpoints;
        return (latencies, done, elapsed.TotalSeconds / Math.Max(1, done));
    }

    private Task<LatencyHistogram> SearchAsync(TimeSpan length, CancellationToken cancellation) =>
        Task.Factory.StartNew(() => _load.Run(Rate, length, cancellation), cancellation, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    private static double P99(LatencyHistogram latencies) => Math.Round(latencies.Percentile(0.99).TotalMicroseconds, 1);
}
