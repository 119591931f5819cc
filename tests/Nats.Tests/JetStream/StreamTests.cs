using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Rag.Nats.Tests.Running;
using Rag.Testing;

namespace Rag.Nats.Tests.JetStream;

public sealed class StreamTests(SharedServer shared) : IClassFixture<SharedServer>, IAsyncDisposable
{
    private readonly CancellationToken _deadline = Deadline.Token();
    private readonly NatsConnection _connection = shared.Server.Connect();

    private NatsJSContext Js => new(_connection);

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    [Fact]
    public async Task A_stream_is_made_changed_looked_up_listed_purged_and_deleted()
    {
        var config = new StreamConfig("life", ["life.>"])
        {
            Description = "a test",
            MaxAge = TimeSpan.FromHours(1),
            DuplicateWindow = TimeSpan.FromMinutes(1),
            MaxMsgsPerSubject = 100,
            Storage = StreamConfigStorage.Memory,
            Discard = StreamConfigDiscard.New,
            AllowDirect = true,
        };
        var stream = await Js.CreateStreamAsync(config, _deadline);
        stream.Info.Config.Subjects.ShouldBe(["life.>"]);
        stream.Info.Config.MaxAge.ShouldBe(TimeSpan.FromHours(1));
        stream.Info.Config.Storage.ShouldBe(StreamConfigStorage.Memory);
        stream.Info.Config.Discard.ShouldBe(StreamConfigDiscard.New);
        stream.Info.Config.NumReplicas.ShouldBe(1);
        stream.Info.Created.ShouldBeGreaterThan(DateTimeOffset.UtcNow.AddMinutes(-5));
        // The same once more is no fault, another one of that name is.
        await Js.CreateStreamAsync(config, _deadline);
        var taken = await Should.ThrowAsync<NatsJSApiException>(async () => await Js.CreateStreamAsync(config with { MaxAge = TimeSpan.FromDays(1) }, _deadline));
        taken.Error.ErrCode.ShouldBe(NatsJSErrors.StreamNameInUse);

        for (var i = 0; i < 10; i++)
            (await Js.PublishAsync($"life.{i % 2}", $"m{i}", cancellationToken: _deadline)).EnsureSuccess();
        await stream.RefreshAsync("life.>", _deadline);
        stream.Info.State.Messages.ShouldBe(10);
        stream.Info.State.LastSeq.ShouldBe(10UL);
        stream.Info.State.Subjects.ShouldBe(new Dictionary<string, long> { ["life.0"] = 5, ["life.1"] = 5 }, ignoreOrder: true);

        await stream.UpdateAsync(stream.Info.Config with { Description = "changed" }, _deadline);
        stream.Info.Config.Description.ShouldBe("changed");
        stream.Info.Config.MaxAge.ShouldBe(TimeSpan.FromHours(1));
        (await Js.GetStreamAsync("life", _deadline)).Info.Config.Description.ShouldBe("changed");
        (await Js.CreateOrUpdateStreamAsync(stream.Info.Config with { Description = "again" }, _deadline)).Info.Config.Description.ShouldBe("again");

        (await Js.ListStreamNamesAsync("life.5", _deadline).ToListAsync(_deadline)).ShouldBe(["life"]);
        (await Js.ListStreamNamesAsync(cancellationToken: _deadline).ToListAsync(_deadline)).ShouldContain("life");
        (await Js.ListStreamsAsync(cancellationToken: _deadline).Select(found => found.Info.Config.Name).ToListAsync(_deadline)).ShouldContain("life");

        (await Js.DeleteMessageAsync("life", new StreamMsgDeleteRequest { Seq = 1 }, _deadline)).ShouldBeTrue();
        (await stream.PurgeAsync(new StreamPurgeRequest { Filter = "life.0", Keep = 2 }, _deadline)).Purged.ShouldBe(2UL);
        (await stream.PurgeAsync(new StreamPurgeRequest(), _deadline)).Purged.ShouldBe(7UL);
        (await stream.DeleteAsync(_deadline)).ShouldBeTrue();
        (await Should.ThrowAsync<NatsJSApiException>(async () => await Js.GetStreamAsync("life", _deadline)))
            .Error.ErrCode.ShouldBe(NatsJSErrors.StreamNotFound);
        (await Js.CreateOrUpdateStreamAsync(config, _deadline)).Info.State.Messages.ShouldBe(0);
    }

    [Fact]
    public async Task More_streams_than_a_page_holds_are_all_listed()
    {
        var names = Enumerable.Range(0, 300).Select(i => $"page-{i:000}").ToList();
        foreach (var name in names)
            await Js.CreateStreamAsync(new StreamConfig(name, [$"pages.{name}"]) { Storage = StreamConfigStorage.Memory }, _deadline);
        (await Js.ListStreamNamesAsync("pages.*", _deadline).ToListAsync(_deadline)).Order().ShouldBe(names);
        (await Js.ListStreamsAsync("pages.*", _deadline).CountAsync(_deadline)).ShouldBe(300);
    }

    [Fact]
    public async Task The_account_says_what_it_uses()
    {
        await Js.CreateStreamAsync(new StreamConfig("account", ["account"]), _deadline);
        var account = await Js.GetAccountInfoAsync(_deadline);
        account.Streams.ShouldBeGreaterThan(0);
        account.Limits.MaxStreams.ShouldBe(-1);
    }

    [Fact]
    public async Task Messages_are_got_by_sequence_and_by_subject()
    {
        var stream = await Js.CreateStreamAsync(new StreamConfig("get", ["get.>"]) { AllowDirect = true }, _deadline);
        await Js.PublishAsync("get.a", "one", headers: new NatsHeaders { ["k"] = "v" }, cancellationToken: _deadline);
        await Js.PublishAsync("get.b", "two", cancellationToken: _deadline);
        await Js.PublishAsync("get.a", "three", cancellationToken: _deadline);

        var first = (await stream.GetAsync(new StreamMsgGetRequest { Seq = 1 }, _deadline)).Message;
        Encoding.UTF8.GetString(first.Data.Span).ShouldBe("one");
        first.Subject.ShouldBe("get.a");
        Encoding.UTF8.GetString(first.Hdrs.Span).ShouldContain("k: v");
        first.Time.ShouldBeGreaterThan(DateTimeOffset.UtcNow.AddMinutes(-5));
        (await stream.GetAsync(new StreamMsgGetRequest { LastBySubj = "get.a" }, _deadline)).Message.Seq.ShouldBe(3UL);
        (await stream.GetAsync(new StreamMsgGetRequest { Seq = 2, NextBySubj = "get.a" }, _deadline)).Message.Seq.ShouldBe(3UL);
        var missing = await Should.ThrowAsync<NatsJSApiException>(async () => await stream.GetAsync(new StreamMsgGetRequest { Seq = 99 }, _deadline));
        missing.Error.ErrCode.ShouldBe(NatsJSErrors.NoMessageFound);

        var direct = await stream.GetDirectAsync<string>(new StreamMsgGetRequest { LastBySubj = "get.b" }, cancellationToken: _deadline);
        direct.Data.ShouldBe("two");
        direct.Headers!["Nats-Sequence"].ToString().ShouldBe("2");
        (await Should.ThrowAsync<NatsJSApiException>(async () => await stream.GetDirectAsync<string>(new StreamMsgGetRequest { LastBySubj = "get.c" }, cancellationToken: _deadline)))
            .Error.ErrCode.ShouldBe(NatsJSErrors.NoMessageFound);
    }

    [Fact]
    public async Task A_message_with_an_id_that_came_before_is_stored_once()
    {
        await Js.CreateStreamAsync(new StreamConfig("once", ["once"]), _deadline);
        var opts = new NatsJSPubOpts { MsgId = "id-1" };
        var first = await Js.PublishAsync("once", "a", opts: opts, cancellationToken: _deadline);
        first.EnsureSuccess();
        first.Seq.ShouldBe(1UL);
        var second = await Js.PublishAsync("once", "a", opts: opts, cancellationToken: _deadline);
        second.Duplicate.ShouldBeTrue();
        second.Seq.ShouldBe(1UL);
        Should.Throw<NatsJSDuplicateMessageException>(second.EnsureSuccess).Sequence.ShouldBe(1UL);
        (await Js.PublishAsync("once", "b", opts: new NatsJSPubOpts { MsgId = "id-2" }, cancellationToken: _deadline)).Seq.ShouldBe(2UL);
    }

    [Fact]
    public async Task Expectations_that_do_not_hold_refuse_a_message()
    {
        await Js.CreateStreamAsync(new StreamConfig("expect", ["expect.>"]), _deadline);
        var headers = new NatsHeaders { ["own"] = "kept" };
        await Publish("expect.a", new NatsJSPubOpts { ExpectedLastSequence = 0 }, 1);
        headers.Count.ShouldBe(1);
        await Publish("expect.b", new NatsJSPubOpts { ExpectedLastSubjectSequence = 0, MsgId = "m" }, 2);
        await Publish("expect.a", new NatsJSPubOpts { ExpectedLastSubjectSequence = 1 }, 3);
        await Publish("expect.a", new NatsJSPubOpts { ExpectedLastMsgId = "none" }, null);
        await Publish("expect.a", new NatsJSPubOpts { ExpectedStream = "other" }, null);
        (await Publish("expect.a", new NatsJSPubOpts { ExpectedLastSequence = 1 }, null)).ErrCode.ShouldBe(NatsJSErrors.WrongLastSequence);
        (await Publish("expect.a", new NatsJSPubOpts { ExpectedLastSubjectSequence = 1 }, null)).ErrCode.ShouldBe(NatsJSErrors.WrongLastSequence);
        await Publish("expect.a", new NatsJSPubOpts { ExpectedLastSequence = 3, ExpectedStream = "expect" }, 4);

        async Task<ApiError> Publish(string subject, NatsJSPubOpts opts, int? sequence)
        {
            var ack = await Js.PublishAsync(subject, "x", opts: opts, headers: headers, cancellationToken: _deadline);
            ack.IsSuccess().ShouldBe(sequence is not null, ack.Error?.Description);
            if (sequence is not null)
                ack.Seq.ShouldBe((ulong)sequence);
            else
                Should.Throw<NatsJSApiException>(ack.EnsureSuccess);
            return ack.Error ?? new ApiError();
        }
    }

    [Fact]
    public async Task Of_sixteen_writers_that_expect_the_same_last_sequence_exactly_one_wins_each_round()
    {
        const int Writers = 16, Rounds = 25;
        await Js.CreateStreamAsync(new StreamConfig("race", ["race.>"]), _deadline);
        var connections = Enumerable.Range(0, 4).Select(_ => shared.Server.Connect()).ToArray();
        try
        {
            var last = 0UL;
            for (var round = 0; round < Rounds; round++)
            {
                var opts = new NatsJSPubOpts { ExpectedLastSequence = last };
                var acks = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() =>
                    new NatsJSContext(connections[writer % connections.Length])
                        .PublishAsync($"race.{writer}", $"{round}", opts: opts, cancellationToken: _deadline).AsTask())));
                var winner = acks.Where(ack => ack.IsSuccess()).ShouldHaveSingleItem();
                winner.Seq.ShouldBe(last + 1);
                acks.Where(ack => !ack.IsSuccess()).ShouldAllBe(ack => ack.Error!.ErrCode == NatsJSErrors.WrongLastSequence);
                last = winner.Seq;
            }

            (await Js.GetStreamAsync("race", _deadline)).Info.State.Messages.ShouldBe(Rounds);
        }
        finally
        {
            foreach (var connection in connections)
                await connection.DisposeAsync();
        }
    }

    [Fact]
    public async Task Publishing_where_no_stream_listens_is_an_error_and_many_publishes_at_a_time_are_all_stored()
    {
        var opts = new NatsJSPubOpts { RetryWaitBetweenAttempts = TimeSpan.FromMilliseconds(1) };
        await Should.ThrowAsync<NatsJSPublishNoResponseException>(async () => await Js.PublishAsync("nowhere", 1, opts: opts, cancellationToken: _deadline));
        await Js.CreateStreamAsync(new StreamConfig("many", ["many"]), _deadline);
        var acks = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => Js.PublishAsync("many", i, cancellationToken: _deadline).AsTask()));
        acks.Select(ack => ack.Seq).Order().ShouldBe(Enumerable.Range(1, 500).Select(i => (ulong)i));
    }

    [Theory]
    [InlineData("a.b")]
    [InlineData("a b")]
    [InlineData("*")]
    [InlineData("")]
    [InlineData("../up")]
    public async Task What_can_be_no_name_is_refused(string name)
    {
        await Should.ThrowAsync<ArgumentException>(async () => await Js.GetStreamAsync(name));
        await Should.ThrowAsync<ArgumentException>(async () => await Js.CreateStreamAsync(new StreamConfig(name, ["x"])));
        await Should.ThrowAsync<ArgumentException>(async () => await Js.GetConsumerAsync("good", name));
    }

    [Fact]
    public async Task Without_JetStream_calls_say_so()
    {
        await using var plain = await NatsServer.StartAsync(jetStream: false);
        await using var connection = plain.Connect();
        await Should.ThrowAsync<NatsJSApiNoResponseException>(async () => await new NatsJSContext(connection).GetAccountInfoAsync(_deadline));
    }

    [Fact]
    public async Task What_was_stored_is_there_after_a_restart_of_the_server()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = server.Connect();
        var js = new NatsJSContext(connection);
        var stream = await js.CreateStreamAsync(new StreamConfig("stays", ["stays"]), _deadline);
        for (var i = 0; i < 50; i++)
            (await js.PublishAsync("stays", i, cancellationToken: _deadline)).EnsureSuccess();
        await server.StopAsync();
        await server.StartAgainAsync();
        await connection.ConnectAsync();
        await stream.RefreshAsync(cancellationToken: _deadline);
        stream.Info.State.Messages.ShouldBe(50);
        (await js.PublishAsync("stays", 50, opts: new NatsJSPubOpts { ExpectedLastSequence = 50 }, cancellationToken: _deadline)).EnsureSuccess();
    }
}
