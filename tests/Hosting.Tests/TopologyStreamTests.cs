using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Rag.Hosting.Messaging;
using Rag.Hosting.Topology;
using Rag.Testing;

namespace Rag.Hosting.Tests;

/// <summary>One real NATS server.</summary>
public sealed class TopologyStreamTests
{
    private readonly CancellationToken _deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Fact]
    public async Task A_change_reaches_every_watcher_and_its_file()
    {
        await using var server = await NatsServer.StartAsync();
        await using var one = server.Connect();
        await using var two = server.Connect();
        using var folder = new TemporaryFolder();
        (await TopologyStream.CreateAsync(one, Options(server), First(), _deadline)).ShouldBeTrue();
        (await TopologyStream.CreateAsync(one, Options(server), First(), _deadline)).ShouldBeFalse("there is one");
        await using var writer = await OpenAsync(one, server, null);
        await using var watcher = await OpenAsync(two, server, folder.Combine("data", "topology.json"));
        var fired = false;
        using var registration = watcher.Watch().RegisterChangeCallback(_ => fired = true, null);

        (await writer.ChangeAsync(AddShard("shard-9"), _deadline)).Version.ShouldBe(2);
        await Eventually.HoldsAsync(() => watcher.Current.Version == 2, "the watcher has it");
        watcher.Current.FindShard("shard-9").ShouldNotBeNull();
        fired.ShouldBeTrue();
        ClusterTopology.Parse(await File.ReadAllTextAsync(folder.Combine("data", "topology.json"))).Version.ShouldBe(2);
        (await watcher.ChangeAsync(_ => null, _deadline)).Version.ShouldBe(2, "nothing to change");
        await Should.ThrowAsync<InvalidTopologyException>(async () => await writer.ChangeAsync(
            topology =>
            {
                var edit = topology.Edit();
                edit.RemoveShard("shard-0");
                return edit.Build();
            },
            _deadline));
        writer.Current.Version.ShouldBe(2);
    }

    [Fact]
    public async Task While_nats_is_away_a_process_starts_from_its_file_and_catches_up_later()
    {
        await using var server = await NatsServer.StartAsync();
        using var folder = new TemporaryFolder();
        var path = folder.Combine("topology.json");
        await using (var connection = server.Connect())
        {
            await TopologyStream.CreateAsync(connection, Options(server), First(), _deadline);
            await using var seen = await TopologyStream.OpenAsync(
                connection, Options(server) with { RequestTimeout = TimeSpan.FromMilliseconds(200) }, path,
                NullLogger<TopologyStream>.Instance, cancellationToken: _deadline);
            await server.StopAsync();
            seen.Current.Version.ShouldBe(1, "it goes on with what it has");
            await Should.ThrowAsync<TopologyUnavailableException>(async () =>
                await seen.ChangeAsync(AddShard("shard-9"), _deadline));
        }

        await using var later = new NatsConnection(Quick(server));
        await using var started = await OpenAsync(later, server, path);
        started.Current.Version.ShouldBe(1);
        await server.StartAgainAsync();
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    await started.ChangeAsync(AddShard("shard-9"), _deadline);
                    return true;
                }
                catch (TopologyUnavailableException)
                {
                    return false;
                }
            },
            "it can be changed again");
        started.Current.FindShard("shard-9").ShouldNotBeNull();
    }

    [Fact]
    public async Task Without_nats_and_without_a_file_the_start_says_what_cannot_be_reached()
    {
        var options = new NatsOptions { Urls = [$"nats://user:secret@127.0.0.1:{FreePort.Next()}"] };
        await using var connection = new NatsConnection(new NatsOpts { Url = options.Urls[0], RetryOnInitialConnect = true });
        var message = (await Should.ThrowAsync<TopologyUnavailableException>(() => TopologyStream.OpenAsync(
            connection, options, null, NullLogger<TopologyStream>.Instance, TimeSpan.FromMilliseconds(300)))).Message;
        message.ShouldContain("NATS cannot be reached at nats://127.0.0.1:");
        message.ShouldContain("Check Nats.Urls");
        message.ShouldNotContain("secret");
    }

    [Fact]
    public async Task A_nats_without_a_topology_and_one_of_another_cluster_are_refused()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = server.Connect();
        using var folder = new TemporaryFolder();
        (await Should.ThrowAsync<TopologyUnavailableException>(() => OpenAsync(connection, server, null)))
            .Message.ShouldContain("no topology of cluster main yet");
        await TopologyStream.CreateAsync(connection, Options(server), First(), _deadline);
        var path = folder.Combine("topology.json");
        TopologyFile.Write(path, ClusterTopology.Balanced(9, 8, [Node(0)], clusterId: "another"));
        (await Should.ThrowAsync<InvalidTopologyException>(() => OpenAsync(connection, server, path)))
            .Message.ShouldContain("belongs to cluster another, but NATS has the topology of cluster c-1");
    }

    [Fact]
    public async Task A_nats_that_came_back_older_gets_the_newest_version_from_whoever_has_it()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = server.Connect();
        using var folder = new TemporaryFolder();
        var path = folder.Combine("topology.json");
        await TopologyStream.CreateAsync(connection, Options(server), First(), _deadline);
        await using (var writer = await OpenAsync(connection, server, path))
        {
            for (var i = 0; i < 3; i++)
                await writer.ChangeAsync(AddShard($"new-{i}"), _deadline);
        }

        // As after a power failure that took the last two versions: the stream is made anew up to version 2.
        var js = new NatsJSContext(connection);
        var second = (await (await js.GetStreamAsync("rag-main-topology", _deadline))
            .GetAsync(new StreamMsgGetRequest { Seq = 2 }, _deadline)).Message.Data.ToArray();
        await js.DeleteStreamAsync("rag-main-topology", _deadline);
        await TopologyStream.CreateAsync(
            connection, Options(server), ClusterTopology.Parse(System.Text.Encoding.UTF8.GetString(second)), _deadline);

        await using var other = server.Connect();
        await using var late = await OpenAsync(other, server, null);
        late.Current.Version.ShouldBe(2);
        await using var keeper = await OpenAsync(connection, server, path);
        keeper.Current.Version.ShouldBe(4);
        await Eventually.HoldsAsync(() => late.Current.Version == 4, "version 4 is back");
        (await late.ChangeAsync(AddShard("new-3"), _deadline)).Version.ShouldBe(5);
        late.Current.Shards.Count(shard => shard.Name.StartsWith("new-", StringComparison.Ordinal)).ShouldBe(4);
    }

    [Fact]
    public async Task Of_sixteen_writers_on_three_servers_none_loses_its_change()
    {
        const int writers = 16, changes = 2;
        await using var cluster = await NatsCluster.StartAsync();
        var options = new NatsOptions { Urls = [.. cluster.Servers.Select(server => server.Url)] };
        var connections = Enumerable.Range(0, 4).Select(_ => new NatsConnection(cluster.Options)).ToArray();
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    await TopologyStream.CreateAsync(connections[0], options, First(), _deadline);
                    return true;
                }
                catch (TopologyUnavailableException)
                {
                    return false; // Until the servers have elected who decides.
                }
            },
            "a replicated stream", TimeSpan.FromSeconds(60));
        var streams = await Task.WhenAll(Enumerable.Range(0, writers).Select(i => TopologyStream.OpenAsync(
            connections[i % connections.Length], options, null, NullLogger<TopologyStream>.Instance, cancellationToken: _deadline)));

        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < changes; i++)
                await streams[writer].ChangeAsync(AddShard($"new-{writer}-{i}"), _deadline);
        })));

        var newest = await streams[0].ChangeAsync(_ => null, _deadline);
        newest.Version.ShouldBe(1 + writers * changes, "each change is a version of its own");
        newest.Shards.Count(shard => shard.Name.StartsWith("new-", StringComparison.Ordinal)).ShouldBe(writers * changes);
        var js = new NatsJSContext(connections[0]);
        var stream = await js.GetStreamAsync("rag-main-topology", _deadline);
        stream.Info.Config.NumReplicas.ShouldBe(3);
        for (var sequence = 1; sequence <= newest.Version; sequence++)
        {
            var stored = await stream.GetAsync(new StreamMsgGetRequest { Seq = (ulong)sequence }, _deadline);
            ClusterTopology.Parse(System.Text.Encoding.UTF8.GetString(stored.Message.Data.Span)).Version.ShouldBe(sequence);
        }

        await Eventually.HoldsAsync(() => streams.All(other => other.Current.Version == newest.Version), "all have the last one");
        foreach (var opened in streams)
            await opened.DisposeAsync();
        foreach (var connection in connections)
            await connection.DisposeAsync();
    }

    private static NatsOptions Options(NatsServer server) => new() { Urls = [server.Url] };

    private static NatsOpts Quick(NatsServer server) =>
        server.Options() with { ConnectTimeout = TimeSpan.FromSeconds(2), RetryOnInitialConnect = true };

    private static Task<TopologyStream> OpenAsync(INatsConnection connection, NatsServer server, string? path) =>
        TopologyStream.OpenAsync(connection, Options(server), path, NullLogger<TopologyStream>.Instance);

    private static ClusterTopology First() => ClusterTopology.Balanced(1, 8, [Node(0), Node(1)], clusterId: "c-1");

    private static ShardNode Node(int number) => new($"shard-{number}", new Uri($"http://127.0.0.1:{number + 1}"));

    private static Func<ClusterTopology, ClusterTopology?> AddShard(string name) => topology =>
    {
        if (topology.FindShard(name) is not null)
            return null;
        var edit = topology.Edit();
        edit.PutShard(new ShardNode(name, new Uri("http://127.0.0.1:99")));
        return edit.Build();
    };
}
