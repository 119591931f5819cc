using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Rag.Cli.Bench.Start;
using Rag.Cli.Composition;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Bench.Refine;

/// <summary>
/// What refinement does to searches: a whole engine in this process, one workspace of lookup vectors, and windows of
/// searches at a steady rate without refinement, again without, and with it. It is switched by the workspace's own
/// setting. Each search is another text, which the transformer embeds.
/// </summary>
internal static class RefineBenchmark
{
    private const string Name = "bench";
    private const int K = 10;
    private const int QueryWords = 8;

    private static readonly TimeSpan CapacityTime = TimeSpan.FromSeconds(3);

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static async Task<RefineReport> RunAsync(RefineOptions options, TextWriter output, CancellationToken cancellation)
    {
        options.Validate();
        using var folder = new TemporaryDataFolder();
        await using var engine = await EngineHost.StartAsync(
            new EngineHostOptions { Data = folder.Data }, LogLevel.Warning, cancellation);
        using var client = new RagClient(engine.Invoker);
        await FillAsync(client, options, cancellation);
        var report = await MeasureAsync(client, options, cancellation);
        if (options.Json)
            output.WriteLine(BenchJson.Write(report));
        else
            report.WriteText(output);
        return report;
    }

    private static async Task FillAsync(RagClient client, RefineOptions options, CancellationToken cancellation)
    {
        await client.Workspaces.CreateAsync(
            new Workspace { Name = Name, Embedding = new EmbeddingSettings { Ingest = EmbeddingIngest.Fast } }, cancellation);
        var outcome = await client.Workspace(Name).Chunks.UpsertManyAsync(
            ChunksAsync(options), cancellationToken: cancellation);
        if (outcome.Failed > 0)
            throw new CliException($"{outcome.Failed} chunks were not written: {outcome.Failures[0].Error.Message}");
    }

    private static async IAsyncEnumerable<Chunk> ChunksAsync(RefineOptions options)
    {
        await Task.Yield();
        for (var i = 0; i < options.Chunks; i++)
            yield return new Chunk { ChunkId = $"c{i}", Text = RefineTexts.Make(options.Seed, i, options.Words) };
    }

    private static async Task<RefineReport> MeasureAsync(
        RagClient client, RefineOptions options, CancellationToken cancellation)
    {
        var asked = 0L;
        var load = new SearchLoad(2 * Environment.ProcessorCount, _ =>
        {
            // Negative numbers are no chunk's; none comes twice, so that no vector comes from a cache.
            var number = -Interlocked.Increment(ref asked);
            var query = new SearchQuery { Text = RefineTexts.Make(options.Seed, number, QueryWords), K = K };
            Await(client.Searches.SearchAsync(Name, query, cancellation));
        });
        var length = TimeSpan.FromSeconds(options.WindowSeconds);
        var capacityTime = length < CapacityTime ? length : CapacityTime;
        // Once for the compiler, once for the figure.
        load.Capacity(capacityTime, cancellation);
        var capacity = load.Capacity(capacityTime, cancellation);
        var rate = Math.Max(1, capacity * options.Load);
        var windows = new List<RefineWindow>();
        for (var i = 0; i < options.Windows; i++)
        {
            var control = await RunAsync(load, rate, length, cancellation);
            var without = await RunAsync(load, rate, length, cancellation);
            await SwitchAsync(client, EmbeddingIngest.FastThenRefine, cancellation);
            var (before, began) = (await RefinedAsync(client, options, cancellation), Stopwatch.GetTimestamp());
            var with = await RunAsync(load, rate, length, cancellation);
            var refined = await RefinedAsync(client, options, cancellation) - before;
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            await SwitchAsync(client, EmbeddingIngest.Fast, cancellation);
            windows.Add(new RefineWindow(
                Microseconds(control, 0.99), Microseconds(without, 0.99), Microseconds(with, 0.99), Math.Round(refined / seconds, 1),
                Microseconds(without, 0.5), Microseconds(with, 0.5)));
        }

        return new RefineReport
        {
            Cpu = BenchMachine.Describe(), Chunks = options.Chunks, Capacity = Math.Round(capacity),
            Rate = Math.Round(rate), Windows = windows,
        };
    }

    // Blocks without spinning first, as a task's own wait does. A thread that spins gives its core away between two looks, and
    // Linux takes it back from a thread of the background that got it so at the next tick of its clock only, up to 4 ms later:
    // no caller outside of this process would be seen to wait for that.
    private static void Await(Task task)
    {
        using var ended = new ManualResetEvent(false);
        _ = task.ContinueWith(
            static (_, state) => ((ManualResetEvent)state!).Set(), ended,
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        ended.WaitOne();
        task.GetAwaiter().GetResult();
    }

    private static async Task<double> RefinedAsync(RagClient client, RefineOptions options, CancellationToken cancellation)
    {
        var statistics = await client.Workspaces.GetStatisticsAsync(Name, cancellation);
        return statistics.Spaces[0].Refined * options.Chunks;
    }

    private static Task SwitchAsync(RagClient client, EmbeddingIngest ingest, CancellationToken cancellation) =>
        client.Workspaces.UpdateAsync(
            new Workspace { Name = Name, Embedding = new EmbeddingSettings { Ingest = ingest } }, ["embedding.ingest"],
            cancellationToken: cancellation);

    private static Task<LatencyHistogram> RunAsync(
        SearchLoad load, double rate, TimeSpan length, CancellationToken cancellation) =>
        Task.Factory.StartNew(() => load.Run(rate, length, cancellation), cancellation, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    private static double Microseconds(LatencyHistogram latencies, double percentile) =>
        Math.Round(latencies.Percentile(percentile).TotalMicroseconds, 1);
}
