namespace Rag.Shard.Tests.Replication.Nats;

/// <summary>All servers of NATS lose what they had last. Two starts of three servers: a class with servers of its own, beside others.</summary>
public sealed class LostTailTests(ThreeNats nats) : IClassFixture<ThreeNats>
{
    [Fact]
    public async Task Servers_that_come_back_with_old_files_lose_nothing_and_bring_back_nothing()
    {
        await using var cluster = await ReplicaCluster.StartAsync(nats.Options);
        await cluster.RunAsync(async () =>
        {
            foreach (var slice in cluster.Slices)
            {
                for (var i = 0; i < 20; i++)
                    await cluster.UpsertAsync(cluster.Shards[i % 3], slice, $"k{i}", 0);
            }

            await nats.CopyFilesAsync();
            foreach (var slice in cluster.Slices)
            {
                for (var i = 0; i < 10; i++)
                    await cluster.DeleteAsync(cluster.Shards[i % 3], slice, $"k{i}");
                for (var i = 5; i < 25; i++)
                    await cluster.UpsertAsync(cluster.Shards[i % 3], slice, $"k{i}", 1);
            }

            await nats.LoseTailAsync();
            await nats.StartAsync();
            await cluster.UpsertAsync(cluster.Shards[1], cluster.Slices[0], "after", 2);
            await cluster.ConvergesAsync();
            cluster.Shards[0].Store.LastStamp(0).Epoch.ShouldBeGreaterThan(1u);
        });
    }
}
