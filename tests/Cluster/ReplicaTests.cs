using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Core;
using Rag.Hosting.Topology;
using Rag.Testing;
using Rag.V1;

namespace Rag.Cluster.Tests;

/// <summary>Two shard processes of which each holds everything, behind a router: one at a time is killed or hangs.</summary>
public sealed class ReplicaTests
{
    private const int Chunks = 50;
    private const int Searchers = 4;

    [Fact]
    public async Task Searches_go_on_while_one_of_two_replicas_hangs_and_dies()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Combine("topology.json");
        int[] ports = [FreePort.Next(), FreePort.Next()];
        await WriteAsync(path, 1, ports, "\"shard-0\"");
        await using var first = await StartShardAsync(folder, 0, ports);
        await using var second = await StartShardAsync(folder, 1, ports);
        await using var router = await ServerProcess.StartAsync(
            "router", FreePort.Next(), "--topology", path, "--data", folder.Combine("router"));
        var workspace = await TestWorkspace.CreateAsync(router.Channel, "docs");
        for (var i = 0; i < Chunks; i++)
            await workspace.UpsertAsync($"c{i}", $"text {i}");

        // The second one copies all of it, and says so in the topology.
        await WriteAsync(path, 2, ports, "[\"shard-0\", \"shard-1:joining\"]");
        await Eventually.HoldsAsync(() => IsReplicated(path), "both shards are ready", TimeSpan.FromSeconds(60));

        using var stop = new CancellationTokenSource();
        var log = new ConcurrentQueue<(TimeSpan At, string? Error)>();
        var clock = Stopwatch.StartNew();
        var searching = Enumerable.Range(0, Searchers).Select(_ => Task.Run(() => SearchAsync(workspace, clock, log, stop.Token))).ToList();
        await GoOnAsync(log, searching, 100);

        second.Signal("STOP");
        var hung = clock.Elapsed;
        await GoOnAsync(log, searching, 300);
        second.Signal("CONT");
        await GoOnAsync(log, searching, 300);
        await first.KillAsync();
        var died = clock.Elapsed;
        await GoOnAsync(log, searching, 300);
        await Eventually.HoldsAsync(() => log.Any(entry => entry.At > died + TimeSpan.FromSeconds(3)), "three seconds later");
        await stop.CancelAsync();
        await Task.WhenAll(searching).WaitAsync(TimeSpan.FromSeconds(60));

        var failures = log.Where(entry => entry.Error is not null).ToList();
        failures.Where(entry => IsSettled(entry.At, hung, died)).ShouldBeEmpty();
        failures.Count.ShouldBeLessThan(Searchers * 2, string.Join(" | ", failures.Select(entry => $"{entry.At}: {entry.Error}").Take(5)));
    }

    // Two seconds after a shard is gone nobody notices it any more.
    private static bool IsSettled(TimeSpan at, params TimeSpan[] faults) =>
        faults.All(fault => at < fault || at > fault + TimeSpan.FromSeconds(2));

    private static async Task SearchAsync(
        TestWorkspace workspace, Stopwatch clock, ConcurrentQueue<(TimeSpan, string?)> log, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            string? error = null;
            try
            {
                var found = await workspace.Searches.SearchAsync(
                    new SearchRequest { Workspace = workspace.Name, K = 100, Vector = TestWorkspace.VectorOf(1, 2, 3, 4) },
                    deadline: DateTime.UtcNow.AddSeconds(30));
                if (found.Hits.Count != Chunks)
                    error = $"{found.Hits.Count} hits";
            }
            catch (RpcException failure)
            {
                error = failure.Status.ToString();
            }

            log.Enqueue((clock.Elapsed, error));
        }
    }

    /// <summary>Waits until so many more searches have ended.</summary>
    private static async Task GoOnAsync(ConcurrentQueue<(TimeSpan, string?)> log, List<Task> searching, int more)
    {
        var until = log.Count + more;
        await Eventually.HoldsAsync(
            () => searching.Any(task => task.IsCompleted) || log.Count >= until, $"{more} more searches",
            TimeSpan.FromSeconds(60));
        searching.ShouldAllBe(task => !task.IsCompleted);
    }

    private static bool IsReplicated(string path)
    {
        var topology = ClusterTopology.Parse(File.ReadAllText(path));
        return Enumerable.Range(0, topology.Partitions).All(partition =>
            topology.ReplicasOf(partition).Count(replica => replica.State == ReplicaState.Ready) == 2);
    }

    private static Task<ServerProcess> StartShardAsync(TemporaryFolder folder, int number, int[] ports) =>
        ServerProcess.StartAsync("shard", ports[number], "--name", $"shard-{number}", "--topology",
            folder.Combine("topology.json"), "--data", folder.Combine($"shard-{number}"));

    private static Task WriteAsync(string path, int version, int[] ports, string holders) => File.WriteAllTextAsync(path, $$"""
        {"version": {{version}}, "partitions": 4, "replicationFactor": 2,
         "shards": [{"name": "shard-0", "address": "http://127.0.0.1:{{ports[0]}}"},
                    {"name": "shard-1", "address": "http://127.0.0.1:{{ports[1]}}"}],
         "placement": {"0-3": {{holders}} } }
        """);
}
