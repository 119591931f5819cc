using System.Collections.Immutable;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Rag.Engine;
using Rag.Shard.Replication;
using Rag.Shard.Replication.Nats;
using Rag.Testing;

namespace Rag.Shard.Tests.Replication.Nats;

public sealed class JetStreamReplicationTests(ThreeNats nats) : IClassFixture<ThreeNats>
{
    [Fact]
    public async Task Replicas_converge_while_servers_that_lead_streams_die()
    {
        await using var cluster = await ReplicaCluster.StartAsync(nats.Options);
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
    }

    [Fact]
    public async Task A_shard_that_loses_power_has_all_that_it_acknowledged()
    {
        await using var cluster = await ReplicaCluster.StartAsync(nats.Options);
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
    }

    [Fact]
    public async Task Servers_that_come_back_with_old_files_lose_nothing_and_bring_back_nothing()
    {
        await using var cluster = await ReplicaCluster.StartAsync(nats.Options);
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
    }

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

    [Fact]
    public async Task Of_sixteen_writers_that_expect_the_same_end_of_the_epochs_one_wins()
    {
        var subjects = new LogSubjects($"c{Guid.NewGuid():N}", 1);
        var connections = Enumerable.Range(0, 16).Select(_ => new NatsConnection(nats.Options)).ToList();
        try
        {
            await new StreamSetup(new NatsJSContext(connections[0]), subjects, new ReplicationOptions
            {
                Streams = 1, StreamBytes = 1 << 20,
            }).RunAsync(default).WaitAsync(TimeSpan.FromSeconds(60));
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

    [Fact]
    public async Task A_stream_that_somebody_made_otherwise_is_refused_with_a_sentence()
    {
        var subjects = new LogSubjects($"c{Guid.NewGuid():N}", 1);
        await using var connection = new NatsConnection(nats.Options);
        var js = new NatsJSContext(connection);
        await NatsCluster.CreateStreamAsync(js, new StreamConfig(subjects.Stream(0), [subjects.StreamSubjects(0)])
        {
            Discard = StreamConfigDiscard.Old,
        });
        var refused = await Should.ThrowAsync<InvalidOperationException>(
            new StreamSetup(js, subjects, new ReplicationOptions { Streams = 1, StreamBytes = 1 << 20 }).RunAsync(default));
        refused.Message.ShouldContain("drops old messages");
    }

    [Fact]
    public async Task Streams_of_another_cluster_are_refused_and_those_of_this_one_are_taken()
    {
        var subjects = new LogSubjects($"c{Guid.NewGuid():N}", 1);
        await using var connection = new NatsConnection(nats.Options);
        var options = new ReplicationOptions { Streams = 1, StreamBytes = 1 << 20 };
        await SetUpAsync("first");
        await SetUpAsync("first");
        var refused = await Should.ThrowAsync<InvalidOperationException>(() => SetUpAsync("second"));
        refused.Message.ShouldContain("\"Mutation log of cluster first\", not \"Mutation log of cluster second\"");
        refused.Message.ShouldContain("Nats:Cluster");

        Task SetUpAsync(string id) => new StreamSetup(new NatsJSContext(connection), subjects, options, id).RunAsync(default)
            .WaitAsync(TimeSpan.FromSeconds(60));
    }
}
