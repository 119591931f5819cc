namespace Rag.Shard.Tests.Replication.Nats;

/// <summary>A replica comes back with what nobody else has. Two starts of three servers: a class with servers of its own, beside others.</summary>
public sealed class LateReplicaTests(ThreeNats nats) : IClassFixture<ThreeNats>
{
    [Fact]
    public async Task A_replica_that_returns_late_merges_what_it_had_alone_by_version()
    {
        await using var cluster = await ReplicaCluster.StartAsync(nats.Options);
        var slice = cluster.Slices[0];
        for (var i = 0; i < 6; i++)
            await cluster.UpsertAsync(cluster.Shards[0], slice, $"k{i}", 0);
        await cluster.ConvergesAsync();
        await nats.CopyFilesAsync();
        await cluster.ConvergesAsync();
        await cluster.Shards[1].StopAsync();
        await cluster.Shards[2].StopAsync();
        // Acknowledged by one replica alone, and then lost by NATS.
        await cluster.UpsertAsync(cluster.Shards[0], slice, "alone", 1);
        await cluster.Shards[0].UpsertAsync(slice, "k1", 1);
        await cluster.Shards[0].UpsertAsync(slice, "k2", 1);
        await cluster.DeleteAsync(cluster.Shards[0], slice, "k3");
        await cluster.Shards[0].StopAsync();
        await nats.LoseTailAsync();
        await nats.StartAsync();
        await cluster.Shards[1].StartAsync();
        await cluster.Shards[2].StartAsync();
        await cluster.UpsertAsync(cluster.Shards[1], slice, "k1", 2);
        await cluster.DeleteAsync(cluster.Shards[2], slice, "k2");
        await cluster.Shards[0].StartAsync();
        await cluster.ConvergesAsync();
    }
}
