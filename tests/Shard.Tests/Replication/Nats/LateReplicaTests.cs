using Rag.Engine.Storage;

namespace Rag.Shard.Tests.Replication.Nats;

/// <summary>A replica comes back with what nobody else has. Two starts of three servers: a class with servers of its own, beside others.</summary>
public sealed class LateReplicaTests(ThreeNats nats) : IClassFixture<ThreeNats>
{
    [Fact]
    public async Task A_replica_that_returns_late_merges_what_it_had_alone_by_version()
    {
        await using var cluster = await ReplicaCluster.StartAsync(nats.Options);
        await cluster.RunAsync(() => ReturnLateAsync(cluster));
    }

    private async Task ReturnLateAsync(ReplicaCluster cluster)
    {
        foreach (var slice in cluster.Slices)
        {
            for (var i = 0; i < 6; i++)
                await cluster.UpsertAsync(cluster.Shards[0], slice, $"k{i}", 0);
        }

        await cluster.ConvergesAsync();
        await nats.CopyFilesAsync();
        await cluster.ConvergesAsync();
        await cluster.Shards[1].StopAsync();
        await cluster.Shards[2].StopAsync();
        // In the second partition in an epoch of its own, of which nobody else will know.
        cluster.Shards[0].Replication.Order.Replicas[1].LookAgain(mayHaveLost: true);
        foreach (var slice in cluster.Slices)
            await WriteAloneAsync(cluster, slice);
        cluster.Shards[0].Store.LastStamp(1).Epoch.ShouldBeGreaterThan(1u);
        await cluster.Shards[0].StopAsync();
        await nats.LoseTailAsync();
        await nats.StartAsync();
        await cluster.Shards[1].StartAsync();
        await cluster.Shards[2].StartAsync();
        foreach (var slice in cluster.Slices)
        {
            await cluster.UpsertAsync(cluster.Shards[1], slice, "k1", 2);
            await cluster.DeleteAsync(cluster.Shards[2], slice, "k2");
        }

        await cluster.Shards[0].StartAsync();
        await cluster.ConvergesAsync();
    }

    /// <summary>Acknowledged by one replica alone, and then lost by NATS; two of the keys the others write later.</summary>
    private static async Task WriteAloneAsync(ReplicaCluster cluster, SliceId slice)
    {
        await cluster.UpsertAsync(cluster.Shards[0], slice, "alone", 1);
        await cluster.Shards[0].UpsertAsync(slice, "k1", 1);
        await cluster.Shards[0].UpsertAsync(slice, "k2", 1);
        await cluster.DeleteAsync(cluster.Shards[0], slice, "k3");
    }
}
