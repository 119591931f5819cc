namespace Rag.Shard.Tests.Replication.Nats;

/// <summary>Servers of NATS are killed while replicas write. An election takes seconds: a class with servers of its own, beside others.</summary>
public sealed class DyingServersTests(ThreeNats nats) : IClassFixture<ThreeNats>
{
    [Fact]
    public async Task Replicas_converge_while_servers_that_lead_streams_die()
    {
        await using var cluster = await ReplicaCluster.StartAsync(nats.Options);
        await cluster.RunAsync(async () =>
        {
            for (var round = 0; round < 2; round++)
            {
                var writes = Enumerable.Range(0, 60).Select(i => cluster.UpsertAsync(
                    cluster.Shards[i % 3], cluster.Slices[i % 2], $"k{i}", round)).ToList();
                var server = nats.Servers[round];
                await server.KillAsync();
                await Task.WhenAll(writes).WaitAsync(TimeSpan.FromSeconds(60));
                await server.StartAgainAsync();
            }

            await cluster.ConvergesAsync();
        });
    }
}
