using System.Diagnostics;
using Rag.Cli.Bench;
using Rag.Load.Data;
using Rag.Load.Driving;
using Rag.Load.Measuring;
using Rag.Load.Scenarios;
using Rag.Load.Servers;

namespace Rag.Load.Running;

/// <summary>
/// Ends a server of our own when the data is written, starts it again, and searches each workspace once, in random order:
/// what a caller whose workspace sleeps waits for.
/// </summary>
internal sealed class FirstSearches(Scenario scenario, RestartSpec restart, Corpus corpus, int seed, Action<string> progress)
{
    // Room in the meter, which counts by second.
    private const double MaxSeconds = 3600;

    /// <summary>Leaves the server running; its <see cref="OwnServer.StartSeconds"/> is that of the start with the data.</summary>
    public async Task<FirstSearchResult> RunAsync(OwnServer server, CancellationToken cancellationToken)
    {
        progress(restart.Kill ? "killing the server" : "stopping the server");
        if (restart.Kill)
            await server.KillAsync();
        else
            await server.StopAsync();
        await server.StartAsync(cancellationToken);
        await using var operations = new Operations(scenario.Traffic[0] with { Calls = CallKind.Unary }, corpus, server.Address, seed);
        var order = Enumerable.Range(0, corpus.Data.Workspaces).ToArray();
        new Random(seed).Shuffle(order);
        var meter = new TrafficMeter(Stopwatch.GetTimestamp(), MaxSeconds);
        var done = 0;
        await Parallel.ForEachAsync(
            order, new ParallelOptions { MaxDegreeOfParallelism = restart.Clients, CancellationToken = cancellationToken },
            async (workspace, stop) =>
            {
                var due = Stopwatch.GetTimestamp();
                try
                {
                    await operations.RunAsync(new Operation(OperationKind.Vector, workspace, workspace), meter, stop);
                    meter.Succeed(due);
                }
                catch (Exception failure) when (failure is not OperationCanceledException)
                {
                    meter.Fail(due, failure);
                }

                if (Interlocked.Increment(ref done) % 500 == 0)
                    progress($"first searches: {done:N0}");
            });
        var count = meter.Read();
        return new FirstSearchResult(count.Latencies, count.Failed, ProcessUsage.Of(server.ProcessId)?.ResidentMib);
    }
}

/// <summary>What the first searches after a start came to.</summary>
/// <param name="Latencies">One of each workspace.</param>
/// <param name="Failed">How many of them failed.</param>
/// <param name="ServerMib">Memory of the server when all workspaces had been searched.</param>
internal sealed record FirstSearchResult(LatencyHistogram Latencies, long Failed, double? ServerMib);
