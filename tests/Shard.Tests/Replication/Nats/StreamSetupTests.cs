using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Rag.Shard.Replication;
using Rag.Shard.Replication.Nats;
using Rag.Testing;

namespace Rag.Shard.Tests.Replication.Nats;

/// <summary>Streams are made once, and others are refused; where it needs a cluster of NATS, that is acted.</summary>
public sealed class StreamSetupTests
{
    private static readonly LogSubjects Subjects = new("main", 1);

    private static readonly ReplicationOptions Options = new() { Streams = 1, StreamBytes = 1 << 20 };

    [Fact]
    public async Task Servers_that_do_not_know_their_peers_yet_are_asked_again()
    {
        await using var server = await NatsServer.StartAsync(jetStream: false);
        await using var streams = await ScriptedStreams.StartAsync(server, refusals: 5);
        await using var connection = server.Connect();
        await SetUpAsync(connection, Options with { Copies = 3 }, new LeapingClock());
        streams.Made.ShouldBe([Subjects.Epochs, Subjects.Stream(0)], ignoreOrder: true);
    }

    [Fact]
    public async Task Where_there_never_is_a_place_for_the_copies_a_sentence_says_what_to_do()
    {
        await using var server = await NatsServer.StartAsync(jetStream: false);
        await using var streams = await ScriptedStreams.StartAsync(server, refusals: int.MaxValue);
        await using var connection = server.Connect();
        var clock = new LeapingClock();
        var refused = await Should.ThrowAsync<NoPlaceForStreamException>(() => SetUpAsync(connection, Options with { Copies = 3 }, clock));
        refused.Message.ShouldContain("no place for 3 copies of stream RAG_main_log_0");
        refused.Message.ShouldContain("start more of its servers");
        clock.Elapsed.ShouldBeGreaterThan(TimeSpan.FromSeconds(10), "servers that have just started get time");
        streams.Made.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_stream_that_somebody_made_otherwise_is_refused_with_a_sentence()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = server.Connect();
        await new NatsJSContext(connection).CreateStreamAsync(
            new StreamConfig(Subjects.Stream(0), [Subjects.StreamSubjects(0)]) { Discard = StreamConfigDiscard.Old });
        var refused = await Should.ThrowAsync<InvalidOperationException>(() => SetUpAsync(connection, Options, TimeProvider.System));
        refused.Message.ShouldContain("drops old messages");
    }

    [Fact]
    public async Task Streams_of_another_cluster_are_refused_and_those_of_this_one_are_taken()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = server.Connect();
        await SetUpAsync(connection, Options, TimeProvider.System, "first");
        await SetUpAsync(connection, Options, TimeProvider.System, "first");
        var refused = await Should.ThrowAsync<InvalidOperationException>(() => SetUpAsync(connection, Options, TimeProvider.System, "second"));
        refused.Message.ShouldContain("\"Mutation log of cluster first\", not \"Mutation log of cluster second\"");
        refused.Message.ShouldContain("Nats:Cluster");
    }

    private static Task SetUpAsync(INatsConnection connection, ReplicationOptions options, TimeProvider time, string clusterId = "") =>
        new StreamSetup(new NatsJSContext(connection), Subjects, options, time, clusterId).RunAsync(default).WaitAsync(TimeSpan.FromSeconds(60));
}
