using System.Text.Json;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using NATS.Client.KeyValueStore;
using NATS.Net;
using Rag.Nats.Tests.Running;
using Rag.Testing;

namespace Rag.Nats.Tests.Interop;

/// <summary>Both ways with npm's @nats-io clients, over a real server.</summary>
public sealed class NpmClientTests(SharedServer shared) : IClassFixture<SharedServer>, IAsyncDisposable
{
    private readonly CancellationToken _deadline = Deadline.Token();
    private readonly NatsConnection _connection = shared.Server.Connect();

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    [Fact]
    public async Task Each_asks_and_answers_the_other()
    {
        var big = new NatsSubOpts { ChannelOpts = new NatsSubChannelOpts { Capacity = 10_000 } };
        await using var questions = await _connection.SubscribeCoreAsync<byte[]>("our.echo", opts: big);
        var answering = Task.Run(async () =>
        {
            await foreach (var question in questions.Msgs.ReadAllAsync(_deadline))
                await question.ReplyAsync(question.Data, question.Headers);
        });
        await using var peer = await NpmNatsPeer.StartAsync(shared.Server, "core");
        await peer.WaitForLineAsync("ready");

        var headers = new NatsHeaders { ["one"] = "größe", ["many"] = new(["a", "b"]) };
        foreach (var size in new[] { 0, 1, 1000, 300_000 })
        {
            var payload = new byte[size];
            new Random(size).NextBytes(payload);
            var reply = await _connection.RequestAsync<byte[], byte[]>("npm.echo", payload, headers, cancellationToken: _deadline);
            (reply.Data ?? []).AsSpan().SequenceEqual(payload).ShouldBeTrue();
            reply.Headers!["one"].ToString().ShouldBe("größe");
            reply.Headers["many"].ToArray().ShouldBe(["a", "b"]);
            reply.Headers["from"].ToString().ShouldBe("node");
        }

        // Members of one queue group, whoever wrote them: each question gets one answer.
        await using var work = await _connection.SubscribeCoreAsync<string>("shared.work", "workers", opts: big);
        var working = Task.Run(async () =>
        {
            await foreach (var item in work.Msgs.ReadAllAsync(_deadline))
                await item.ReplyAsync("ours");
        });
        var replies = await Task.WhenAll(Enumerable.Range(0, 200)
            .Select(i => _connection.RequestAsync<int, string>("shared.work", i, cancellationToken: _deadline).AsTask()));
        replies.Select(reply => reply.Data).Distinct().Order().ShouldBe(["node", "ours"]);

        await _connection.RequestAsync<string, string>("npm.start", null, cancellationToken: _deadline);
        (await NpmNatsPeer.ResultAsync(peer)).GetProperty("asked").GetInt32().ShouldBe(200);
        await questions.UnsubscribeAsync();
        await work.UnsubscribeAsync();
        await Task.WhenAll(answering, working);
    }

    [Fact]
    public async Task Each_reads_what_the_other_stored_in_a_stream()
    {
        var js = _connection.CreateJetStreamContext();
        await js.CreateStreamAsync(new StreamConfig("both", ["both.>"]) { MaxAge = TimeSpan.FromHours(2), DuplicateWindow = TimeSpan.FromMinutes(1) }, _deadline);
        for (var i = 0; i < 10; i++)
        {
            var ack = await js.PublishAsync("both.ours", $"ours {i}", opts: new NatsJSPubOpts { MsgId = $"our-{i}", ExpectedLastSequence = (ulong)i },
                headers: new NatsHeaders { ["own"] = $"h{i}" }, cancellationToken: _deadline);
            ack.EnsureSuccess();
        }

        await using var peer = await NpmNatsPeer.StartAsync(shared.Server, "streams");
        var result = await NpmNatsPeer.ResultAsync(peer);
        result.GetProperty("stream").GetProperty("max_age").GetInt64().ShouldBe(7_200_000_000_000);
        result.GetProperty("read").EnumerateArray().Select(Text).ShouldBe(Enumerable.Range(0, 10).Select(i => $"ours {i}|our-{i}|h{i}"));
        result.GetProperty("first").GetInt32().ShouldBe(11);
        result.GetProperty("duplicate").GetBoolean().ShouldBeTrue();
        result.GetProperty("duplicateOf").GetInt32().ShouldBe(11);

        (await js.PublishAsync("both.ours", "again", opts: new NatsJSPubOpts { MsgId = "node-0" }, cancellationToken: _deadline)).Duplicate.ShouldBeTrue();
        var consumer = await js.GetConsumerAsync("both", "made-by-node", _deadline);
        var batch = await consumer.FetchAsync<string>(new NatsJSFetchOpts { MaxMsgs = 10 }, cancellationToken: _deadline).ToListAsync(_deadline);
        batch.Select(message => message.Data).ShouldBe(Enumerable.Range(0, 10).Select(i => $"node {i}"));
        batch[0].Headers!["Nats-Msg-Id"].ToString().ShouldBe("node-0");
        foreach (var message in batch)
            await message.AckAsync(new AckOpts { DoubleAck = true }, _deadline);
        // What the other one has read and acknowledged does not come again to us.
        var theirs = await js.GetConsumerAsync("both", "node", _deadline);
        theirs.Info.AckFloor.StreamSeq.ShouldBe(10UL);
        (await theirs.NextAsync<string>(cancellationToken: _deadline)).ShouldNotBeNull().Data.ShouldBe("node 0");

        static string Text(JsonElement item) =>
            $"{item.GetProperty("data").GetString()}|{item.GetProperty("id").GetString()}|{item.GetProperty("own").GetString()}";
    }

    [Fact]
    public async Task Each_reads_changes_and_watches_the_others_bucket()
    {
        var kv = _connection.CreateJetStreamContext().CreateKeyValueStoreContext();
        var ours = await kv.CreateStoreAsync(new NatsKVConfig("theirs") { History = 5 }, _deadline);
        await ours.PutAsync("greeting", "from us", cancellationToken: _deadline);
        await ours.PutAsync("gone", "soon", cancellationToken: _deadline);
        await using var changes = ours.WatchAsync<string>(opts: new NatsKVWatchOpts { IncludeHistory = true }, cancellationToken: _deadline).GetAsyncEnumerator(_deadline);
        await using var peer = await NpmNatsPeer.StartAsync(shared.Server, "buckets");
        var seen = new List<string>();
        while (seen.Count < 5 && await changes.MoveNextAsync())
            seen.Add($"{changes.Current.Key} {changes.Current.Operation} {changes.Current.Value}");
        seen.ShouldBe(["greeting Put from us", "gone Put soon", "greeting Put from node", "gone Del ", "gone Put is back"]);

        await peer.WaitForLineAsync("ready");
        var nodes = await kv.GetStoreAsync("nodes-own", _deadline);
        (await nodes.GetEntryAsync<int>("a", cancellationToken: _deadline)).Value.ShouldBe(2);
        (await nodes.HistoryAsync<int>("a", cancellationToken: _deadline).Select(entry => entry.Value).ToListAsync(_deadline)).ShouldBe([1, 2]);
        await Should.ThrowAsync<NatsKVKeyDeletedException>(async () => await nodes.GetEntryAsync<int>("b", cancellationToken: _deadline));
        (await nodes.GetKeysAsync(_deadline).ToListAsync(_deadline)).ShouldBe(["a"]);
        var revision = await nodes.CreateAsync("answer", 41, cancellationToken: _deadline);
        await nodes.UpdateAsync("answer", 42, revision, cancellationToken: _deadline);
        await nodes.DeleteAsync("answer", cancellationToken: _deadline);
        var result = await NpmNatsPeer.ResultAsync(peer);
        result.GetProperty("read").GetString().ShouldBe("from us");
        result.GetProperty("seen").EnumerateArray()
            .Select(item => $"{item.GetProperty("operation").GetString()} {item.GetProperty("value").GetString()}")
            .ShouldBe(["PUT 41", "PUT 42", "DEL "]);
    }
}
