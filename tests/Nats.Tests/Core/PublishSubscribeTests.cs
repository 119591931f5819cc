using System.Text;
using System.Text.Json.Serialization;
using NATS.Client.Core;
using Rag.Nats.Tests.Running;

namespace Rag.Nats.Tests.Core;

public partial class PublishSubscribeTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private readonly CancellationToken _deadline = Deadline.Token();

    [Fact]
    public async Task Messages_arrive_in_order_with_subject_reply_and_data()
    {
        await using var connection = shared.Server.Connect();
        await using var subscription = await connection.SubscribeCoreAsync<string>("order.*");
        for (var i = 0; i < 500; i++)
            await connection.PublishAsync($"order.{i % 3}", $"message {i}", replyTo: i == 7 ? "back" : null);
        for (var i = 0; i < 500; i++)
        {
            var message = await subscription.Msgs.ReadAsync(_deadline);
            message.Subject.ShouldBe($"order.{i % 3}");
            message.Data.ShouldBe($"message {i}");
            message.ReplyTo.ShouldBe(i == 7 ? "back" : null);
            message.Headers.ShouldBeNull();
        }

        connection.ConnectionState.ShouldBe(NatsConnectionState.Open);
        connection.ServerInfo!.Version.ShouldNotBeEmpty();
        connection.ServerInfo.JetStreamAvailable.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63 * 1024)]
    [InlineData(64 * 1024)]
    [InlineData(400_000)]
    [InlineData(1024 * 1024)]
    public async Task Payloads_of_any_size_come_back_as_they_went(int bytes)
    {
        await using var connection = shared.Server.Connect();
        await using var subscription = await connection.SubscribeCoreAsync<byte[]>($"size.{bytes}");
        var payload = new byte[bytes];
        new Random(bytes).NextBytes(payload);
        for (var i = 0; i < 3; i++)
            await connection.PublishAsync($"size.{bytes}", payload);
        for (var i = 0; i < 3; i++)
            ((await subscription.Msgs.ReadAsync(_deadline)).Data ?? []).AsSpan().SequenceEqual(payload).ShouldBeTrue();
    }

    [Fact]
    public async Task A_payload_beyond_the_servers_limit_is_refused_and_the_connection_lives()
    {
        await using var connection = shared.Server.Connect();
        await connection.ConnectAsync();
        var tooLarge = new byte[connection.ServerInfo!.MaxPayload + 1];
        await Should.ThrowAsync<NatsPayloadTooLargeException>(async () => await connection.PublishAsync("large", tooLarge));
        // Headers count too.
        var headers = new NatsHeaders { ["a"] = "b" };
        await Should.ThrowAsync<NatsPayloadTooLargeException>(async () => await connection.PublishAsync("large", tooLarge[1..], headers));
        await connection.PingAsync(_deadline);
        connection.ConnectionState.ShouldBe(NatsConnectionState.Open);
    }

    [Fact]
    public async Task Headers_keep_names_order_of_values_and_any_text()
    {
        await using var connection = shared.Server.Connect();
        await using var subscription = await connection.SubscribeCoreAsync<string>("headers");
        var headers = new NatsHeaders
        {
            ["Nats-Msg-Id"] = "7",
            ["many"] = new(["one", "two", ""]),
            ["text"] = "größer: ≤ and more",
        };
        await connection.PublishAsync("headers", "data", headers);
        await connection.PublishAsync("headers", headers: headers);
        foreach (var data in new[] { "data", null })
        {
            var message = await subscription.Msgs.ReadAsync(_deadline);
            message.Data.ShouldBe(data);
            message.Headers.ShouldNotBeNull();
            message.Headers.Count.ShouldBe(3);
            message.Headers["many"].ToArray().ShouldBe(["one", "two", ""]);
            message.Headers["text"].ToString().ShouldBe("größer: ≤ and more");
            message.Headers.Code.ShouldBe(0);
        }
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("two\r\nPUB x 0\r\n\r\n")]
    [InlineData("")]
    [InlineData(".a")]
    [InlineData("a..b")]
    [InlineData("a.*")]
    [InlineData("a.>")]
    public async Task What_is_no_subject_cannot_be_published_to(string subject)
    {
        await using var connection = shared.Server.Connect();
        await Should.ThrowAsync<ArgumentException>(async () => await connection.PublishAsync(subject, "x"));
        await Should.ThrowAsync<ArgumentException>(async () => await connection.PublishAsync("good", "x", replyTo: subject));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a.>.b")]
    [InlineData("a.\n")]
    public async Task What_is_no_subject_cannot_be_subscribed_to(string subject)
    {
        await using var connection = shared.Server.Connect();
        await Should.ThrowAsync<ArgumentException>(async () => await connection.SubscribeCoreAsync<string>(subject));
        await Should.ThrowAsync<ArgumentException>(async () => await connection.SubscribeCoreAsync<string>("good", queueGroup: "a b"));
    }

    [Theory]
    [InlineData("bad name", "x")]
    [InlineData("bad:name", "x")]
    [InlineData("", "x")]
    [InlineData("name", "two\r\nlines")]
    public async Task What_is_no_header_cannot_be_sent(string name, string value)
    {
        await using var connection = shared.Server.Connect();
        await connection.ConnectAsync();
        await Should.ThrowAsync<ArgumentException>(
            async () => await connection.PublishAsync("good", "x", new NatsHeaders { [name] = value }));
    }

    [Fact]
    public async Task Of_a_queue_group_each_message_reaches_one_member()
    {
        await using var publisher = shared.Server.Connect();
        await using var first = shared.Server.Connect();
        await using var second = shared.Server.Connect();
        await using var a = await first.SubscribeCoreAsync<int>("queue", "group");
        await using var b = await second.SubscribeCoreAsync<int>("queue", "group");
        await using var all = await second.SubscribeCoreAsync<int>("queue");
        await first.PingAsync();
        await second.PingAsync();
        for (var i = 0; i < 200; i++)
            await publisher.PublishAsync("queue", i);
        for (var i = 0; i < 200; i++)
            (await all.Msgs.ReadAsync(_deadline)).Data.ShouldBe(i);
        await first.PingAsync();
        var seen = new List<int>();
        while (a.Msgs.TryRead(out var message))
            seen.Add(message.Data);
        var ofA = seen.Count;
        while (b.Msgs.TryRead(out var message))
            seen.Add(message.Data);
        seen.Order().ShouldBe(Enumerable.Range(0, 200));
        ofA.ShouldBeInRange(1, 199);
    }

    [Fact]
    public async Task A_subscription_ends_after_so_many_messages()
    {
        await using var connection = shared.Server.Connect();
        var subscription = await connection.SubscribeCoreAsync<int>("three", opts: new NatsSubOpts { MaxMsgs = 3 });
        for (var i = 0; i < 10; i++)
            await connection.PublishAsync("three", i);
        var seen = await subscription.Msgs.ReadAllAsync(_deadline).Select(message => message.Data).ToListAsync(_deadline);
        seen.ShouldBe([0, 1, 2]);
        subscription.DroppedMessages.ShouldBe(0);
    }

    [Fact]
    public async Task After_unsubscribing_what_waits_can_be_read_and_nothing_more_comes()
    {
        await using var connection = shared.Server.Connect();
        var subscription = await connection.SubscribeCoreAsync<int>("ends");
        await connection.PublishAsync("ends", 1);
        await connection.PingAsync();
        await subscription.UnsubscribeAsync();
        await connection.PublishAsync("ends", 2);
        await connection.PingAsync();
        var seen = await subscription.Msgs.ReadAllAsync(_deadline).Select(message => message.Data).ToListAsync(_deadline);
        seen.ShouldBe([1]);
        await subscription.UnsubscribeAsync();
        await subscription.DisposeAsync();
    }

    [Fact]
    public async Task Draining_a_subscription_delivers_all_that_was_sent_before()
    {
        await using var publisher = shared.Server.Connect();
        await using var connection = shared.Server.Connect();
        var subscription = await connection.SubscribeCoreAsync<int>("drains");
        await connection.PingAsync();
        for (var i = 0; i < 1000; i++)
            await publisher.PublishAsync("drains", i);
        await publisher.PingAsync();
        await subscription.DrainAsync(_deadline);
        (await subscription.Msgs.ReadAllAsync(_deadline).CountAsync(_deadline)).ShouldBe(1000);
    }

    [Fact]
    public async Task Draining_a_connection_ends_its_subscriptions_and_sends_what_was_published()
    {
        await using var other = shared.Server.Connect();
        await using var seenByOther = await other.SubscribeCoreAsync<int>("out");
        await other.PingAsync();
        await using var connection = shared.Server.Connect();
        var subscription = await connection.SubscribeCoreAsync<int>("in");
        for (var i = 0; i < 100; i++)
        {
            await connection.PublishAsync("in", i);
            await connection.PublishAsync("out", i);
        }

        await connection.DrainAsync(_deadline);
        (await subscription.Msgs.ReadAllAsync(_deadline).CountAsync(_deadline)).ShouldBe(100);
        for (var i = 0; i < 100; i++)
            (await seenByOther.Msgs.ReadAsync(_deadline)).Data.ShouldBe(i);
    }

    [Fact]
    public async Task Disposing_sends_what_was_published()
    {
        await using var other = shared.Server.Connect();
        await using var subscription = await other.SubscribeCoreAsync<int>("last.words");
        await other.PingAsync();
        var connection = shared.Server.Connect();
        for (var i = 0; i < 300; i++)
            await connection.PublishAsync("last.words", i);
        await connection.DisposeAsync();
        await connection.DisposeAsync();
        for (var i = 0; i < 300; i++)
            (await subscription.Msgs.ReadAsync(_deadline)).Data.ShouldBe(i);
        await Should.ThrowAsync<ObjectDisposedException>(async () => await connection.PublishAsync("last.words", 1));
        await Should.ThrowAsync<ObjectDisposedException>(async () => await connection.SubscribeCoreAsync<int>("last.words"));
        await Should.ThrowAsync<ObjectDisposedException>(async () => await connection.ConnectAsync());
        connection.ConnectionState.ShouldBe(NatsConnectionState.Closed);
    }

    [Fact]
    public async Task Enumerating_subscribes_and_ends_with_its_token()
    {
        await using var connection = shared.Server.Connect();
        using var stop = new CancellationTokenSource();
        var seen = new List<int>();
        var reading = Task.Run(async () =>
        {
            await foreach (var message in connection.SubscribeAsync<int>("enumerated", cancellationToken: stop.Token))
                lock (seen)
                    seen.Add(message.Data);
        });
        await Rag.Testing.Eventually.HoldsAsync(
            async () =>
            {
                await connection.PublishAsync("enumerated", 1);
                lock (seen)
                    return seen.Count > 0;
            },
            "a message of the enumeration");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task Well_known_types_go_as_text_or_bytes_and_json_through_generated_code()
    {
        await using var connection = shared.Server.Connect();
        await using var raw = await connection.SubscribeCoreAsync<string>("types.>");
        var id = Guid.NewGuid();
        await connection.PublishAsync("types.a", 42);
        await connection.PublishAsync("types.b", 1.5);
        await connection.PublishAsync("types.c", id);
        await connection.PublishAsync("types.d", new ReadOnlyMemory<byte>("abc"u8.ToArray()));
        await connection.PublishAsync("types.e", new Point(3, 4), serializer: Json);
        (await raw.Msgs.ReadAsync(_deadline)).Data.ShouldBe("42");
        (await raw.Msgs.ReadAsync(_deadline)).Data.ShouldBe("1.5");
        (await raw.Msgs.ReadAsync(_deadline)).Data.ShouldBe(id.ToString());
        (await raw.Msgs.ReadAsync(_deadline)).Data.ShouldBe("abc");
        (await raw.Msgs.ReadAsync(_deadline)).Data.ShouldBe("""{"X":3,"Y":4}""");

        await using var points = await connection.SubscribeCoreAsync("points", serializer: Json);
        await connection.PublishAsync("points", new Point(5, 6), serializer: Json);
        (await points.Msgs.ReadAsync(_deadline)).Data.ShouldBe(new Point(5, 6));

        await using var pooled = await connection.SubscribeCoreAsync<NatsMemoryOwner<byte>>("pooled");
        await connection.PublishAsync("pooled", "bytes");
        var message = await pooled.Msgs.ReadAsync(_deadline);
        using (var owner = message.Data)
            Encoding.UTF8.GetString(owner.Span).ShouldBe("bytes");
        Should.Throw<ObjectDisposedException>(() => message.Data.Memory);
        var fault = await Should.ThrowAsync<NatsException>(async () => await connection.PublishAsync("types.f", new Point(1, 2)));
        fault.Message.ShouldContain("NatsJsonContextSerializer");
    }

    [Fact]
    public async Task A_payload_that_is_not_of_the_type_is_an_error_of_its_message_alone()
    {
        await using var connection = shared.Server.Connect();
        await using var numbers = await connection.SubscribeCoreAsync<int>("numbers");
        await connection.PublishAsync("numbers", "no number");
        await connection.PublishAsync("numbers", 2);
        var bad = await numbers.Msgs.ReadAsync(_deadline);
        bad.Error.ShouldBeOfType<NatsDeserializeException>().RawData.ShouldBe("no number"u8.ToArray());
        Should.Throw<NatsDeserializeException>(bad.EnsureSuccess);
        (await numbers.Msgs.ReadAsync(_deadline)).Data.ShouldBe(2);
    }

    [Fact]
    public async Task Headers_that_another_client_made_wrongly_are_an_error_of_their_message_alone()
    {
        await using var connection = shared.Server.Connect();
        var lost = 0;
        connection.ConnectionDisconnected += (_, _) =>
        {
            Interlocked.Increment(ref lost);
            return default;
        };
        await using var messages = await connection.SubscribeCoreAsync<string>("wrong.headers");
        await connection.PingAsync(_deadline);
        using var client = new System.Net.Sockets.TcpClient("127.0.0.1", shared.Server.Port);
        await client.GetStream().WriteAsync(
            "CONNECT {\"verbose\":false,\"headers\":true}\r\nHPUB wrong.headers 8 10\r\nnonsenseOK\r\nPING\r\n"u8.ToArray(), _deadline);
        var message = await messages.Msgs.ReadAsync(_deadline);
        message.Error.ShouldBeOfType<NatsHeaderParseException>();
        message.Headers.ShouldBeNull();
        await connection.PublishAsync("wrong.headers", "right");
        (await messages.Msgs.ReadAsync(_deadline)).Data.ShouldBe("right");
        lost.ShouldBe(0);
    }

    [Fact]
    public async Task Without_echo_ones_own_messages_do_not_come_back()
    {
        await using var silent = new NatsConnection(shared.Server.Options() with { Echo = false });
        await using var other = shared.Server.Connect();
        await using var subscription = await silent.SubscribeCoreAsync<int>("echo");
        await silent.PingAsync();
        await silent.PublishAsync("echo", 1);
        await silent.PingAsync();
        await other.PublishAsync("echo", 2);
        (await subscription.Msgs.ReadAsync(_deadline)).Data.ShouldBe(2);
    }

    private static NatsJsonContextSerializer<Point> Json => new(PointJson.Default.Point);

    internal sealed record Point(int X, int Y);

    [JsonSerializable(typeof(Point))]
    internal sealed partial class PointJson : JsonSerializerContext;
}
