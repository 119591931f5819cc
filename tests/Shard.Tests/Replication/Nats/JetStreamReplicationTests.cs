using NATS.Client.Core;
using NATS.Client.JetStream;
using Rag.Shard.Replication;
using Rag.Shard.Replication.Nats;

namespace Rag.Shard.Tests.Replication.Nats;

/// <summary>Replicas and the log of epochs on three servers of NATS that stay.</summary>
public sealed class JetStreamReplicationTests(ThreeNats nats) : IClassFixture<ThreeNats>
{
    [Fact]
    public async Task A_shard_that_loses_power_has_all_that_it_acknowledged()
    {
        await using var cluster = await ReplicaCluster.StartAsync(nats.Options);
        await cluster.RunAsync(async () =>
        {
            for (var round = 0; round < 3; round++)
            {
                var shard = cluster.Shards[round];
                await Task.WhenAll(Enumerable.Range(0, 40).Select(i => cluster.UpsertAsync(
                    shard, cluster.Slices[i % 2], $"k{round}-{i}", i)));
                await shard.LosePowerAsync(round);
                await cluster.UpsertAsync(cluster.Shards[(round + 1) % 3], cluster.Slices[0], $"meanwhile-{round}", 1);
                await shard.StartAsync();
                await cluster.ConvergesAsync();
            }
        });
    }

    [Fact]
    public async Task Of_sixteen_writers_that_expect_the_same_end_of_the_epochs_one_wins()
    {
        var subjects = new LogSubjects($"c{Guid.NewGuid():N}", 1);
        var connections = Enumerable.Range(0, 16).Select(_ => new NatsConnection(nats.Options)).ToList();
        try
        {
            var options = new ReplicationOptions { Streams = 1, StreamBytes = 1 << 20 };
            await new StreamSetup(new NatsJSContext(connections[0]), subjects, options, TimeProvider.System).RunAsync(default)
                .WaitAsync(TimeSpan.FromSeconds(60));
            var stores = connections.Select(one => new JetStreamEpochStore(new NatsJSContext(one), subjects)).ToList();
            for (var round = 1u; round <= 10; round++)
            {
                var entry = await stores[0].ReadAsync(0, default);
                var won = await Task.WhenAll(stores.Select((store, i) => store.TryWriteAsync(
                    0, entry, entry.History.WithClaim(new EpochRecord(round, $"s{i}", 0, default, 0, default)), default).AsTask()));
                won.Count(one => one).ShouldBe(1);
                (await stores[1].ReadAsync(0, default)).History.Claim!.Leader.ShouldBe($"s{Array.IndexOf(won, true)}");
            }
        }
        finally
        {
            foreach (var connection in connections)
                await connection.DisposeAsync();
        }
    }
}
