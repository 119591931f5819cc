using NATS.Client.Core;
using NATS.Client.JetStream;
using Rag.Client;
using Rag.Hosting.Topology;
using Rag.Hosting.Topology.Moving;
using Rag.V1;

namespace Rag.Cluster.Tests.Faults;

/// <summary>Replicas that come, and that come back, while writes and searches go on: real NATS, real shard processes.</summary>
public sealed class MovingTests
{
    private const int Seed = 1815;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_shard_that_is_added_under_load_holds_what_was_acknowledged_and_nothing_deleted()
    {
        await using var cluster = await FaultCluster.StartAsync(shards: 2, routers: 1, ingestors: 0);
        await using var routers = new RouterPool(cluster.Routers);
        await using var work = new FaultWorkload(routers, new FaultClock(), Seed);
        await work.StartAsync();
        await work.GoOnAsync(100, Limit);
        var added = cluster.AddShard("shard-2");
        await cluster.ChangeTopologyAsync(topology => TopologyWishes.PutShard(topology, cluster.ShardAt("shard-2")));
        await added.StartAsync();
        await Testing.Eventually.HoldsAsync(
            () => Rebalance.IsSettled(cluster.Topology), () => $"replicas move\n{added.Output}", TimeSpan.FromSeconds(120));
        await work.GoOnAsync(50, Limit);
        await work.StopAsync();
        var moved = Enumerable.Range(0, cluster.Topology.Partitions).Where(partition => cluster.Topology.Holds("shard-2", partition)).ToList();
        moved.Count.ShouldBeGreaterThan(2);

        await cluster.CaughtUpAsync(Limit);
        await work.VerifyAsync("with every node up");
        foreach (var shard in new[] { "shard-0", "shard-1" })
        {
            // What this one held with the new one, the new one answers alone.
            await cluster.Find(shard).BreakAsync(Fault.Kill);
            await work.VerifyAsync($"without {shard}");
            await cluster.Find(shard).MendAsync(Fault.Kill);
            await cluster.CaughtUpAsync(Limit);
        }

        work.Writes.ShouldBeGood();
        work.Searches.ShouldBeGood();
    }

    [Fact]
    public async Task A_replica_that_was_away_for_longer_than_the_log_reaches_back_comes_back_by_itself()
    {
        await using var cluster = await FaultCluster.StartAsync(shards: 2, routers: 1, ingestors: 0, settings: new()
        {
            ["RAG_Log__Streams"] = "1", ["RAG_Log__StreamBytes"] = $"{1 << 20}", ["RAG_Log__SilentReplica"] = "00:00:02",
            ["RAG_Log__CheckInterval"] = "00:00:01",
        });
        await using var routers = new RouterPool(cluster.Routers);
        await using var work = new FaultWorkload(routers, new FaultClock(), Seed);
        await work.StartAsync();
        await work.GoOnAsync(50, Limit);
        var away = cluster.Find("shard-1");
        await away.BreakAsync(Fault.Kill);
        var last = await StreamOfAsync(cluster, static state => (ulong)state.LastSeq);
        using var client = new RagClient(routers);
        await FillUntilAsync(client, async () => await StreamOfAsync(cluster, static state => (ulong)state.FirstSeq) > last + 1);

        await away.MendAsync(Fault.Kill);
        await Testing.Eventually.HoldsAsync(
            () => away.Output.Contains("answers no more until it is copied anew", StringComparison.Ordinal),
            () => $"it has left\n{away.Output}", Limit);
        await Testing.Eventually.HoldsAsync(
            () => Rebalance.IsSettled(cluster.Topology), () => $"it is back\n{away.Output}", TimeSpan.FromSeconds(120));
        await work.GoOnAsync(20, Limit);
        await work.StopAsync();
        await cluster.CaughtUpAsync(Limit);
        await cluster.Find("shard-0").BreakAsync(Fault.Kill);
        await work.VerifyAsync("from what the replica holds that was behind");
        (await client.Workspace("large").Chunks.CountAsync()).ShouldBeGreaterThan(0);
    }

    /// <summary>Writes what fills the log, which is trimmed as soon as snapshots have it.</summary>
    private static async Task FillUntilAsync(RagClient client, Func<Task<bool>> enough)
    {
        await client.Workspaces.CreateAsync(new Workspace
        {
            Name = "large", Spread = 4, Spaces = { new VectorSpace { Dimension = 2, Metric = Metric.L2 } },
        });
        var text = new string('x', 16 << 10);
        var began = DateTime.UtcNow;
        for (var i = 0; !await enough(); i++)
        {
            (DateTime.UtcNow - began).ShouldBeLessThan(TimeSpan.FromSeconds(90), "the log is trimmed");
            await client.Workspace("large").Chunks.UpsertAsync(
                [new Chunk { ChunkId = $"c{i % 40}", Text = text, Vectors = { [""] = VectorValue.Of([i, 1f]) } }]);
        }
    }

    private static async Task<ulong> StreamOfAsync(FaultCluster cluster, Func<NATS.Client.JetStream.Models.StreamState, ulong> tell)
    {
        await using var connection = new NatsConnection(cluster.Nats);
        return tell((await new NatsJSContext(connection).GetStreamAsync($"RAG_{FaultCluster.ClusterId}_log_0")).Info.State);
    }
}
