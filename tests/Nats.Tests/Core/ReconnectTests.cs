using NATS.Client.Core;
using Rag.Nats.Tests.Running;
using Rag.Testing;

namespace Rag.Nats.Tests.Core;

public class ReconnectTests
{
    private readonly CancellationToken _deadline = Deadline.Token();

    [Fact]
    public async Task After_the_server_was_killed_and_started_again_subscriptions_and_requests_work()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = server.Connect();
        var events = new List<string>();
        connection.ConnectionDisconnected += (_, _) => Keep("lost");
        connection.ConnectionOpened += (_, _) => Keep("open");
        await using var plain = await connection.SubscribeCoreAsync<int>("plain");
        await using var queued = await connection.SubscribeCoreAsync<int>("queued", "group");
        var limited = await connection.SubscribeCoreAsync<int>("limited", opts: new NatsSubOpts { MaxMsgs = 3 });
        var gone = await connection.SubscribeCoreAsync<int>("gone");
        await gone.UnsubscribeAsync();
        await connection.PublishAsync("limited", 0);
        await connection.PublishAsync("plain", 0);
        (await plain.Msgs.ReadAsync(_deadline)).Data.ShouldBe(0);
        for (var round = 1; round <= 2; round++)
        {
            await server.KillAsync();
            await Eventually.HoldsAsync(() => connection.ConnectionState == NatsConnectionState.Reconnecting, "the loss is seen");
            // Kept until there is a server again.
            await connection.PublishAsync("plain", round);
            await server.StartAgainAsync();
            (await plain.Msgs.ReadAsync(_deadline)).Data.ShouldBe(round);
            await connection.ConnectAsync();
            await connection.PublishAsync("queued", round);
            (await queued.Msgs.ReadAsync(_deadline)).Data.ShouldBe(round);
            await connection.PublishAsync("limited", round);
            await connection.PublishAsync("limited", 10 + round);
            var asked = connection.RequestAsync<int, int>("plain", 100, cancellationToken: _deadline);
            await (await plain.Msgs.ReadAsync(_deadline)).ReplyAsync(200);
            (await asked).Data.ShouldBe(200);
        }

        // Three in all, over both servers' lives.
        (await limited.Msgs.ReadAllAsync(_deadline).Select(message => message.Data).ToListAsync(_deadline)).ShouldBe([0, 1, 11]);
        gone.Msgs.TryRead(out _).ShouldBeFalse();
        await Eventually.HoldsAsync(
            () =>
            {
                lock (events)
                    return events.SequenceEqual(["open", "lost", "open", "lost", "open"]);
            },
            "an event for each loss and each connection");

        ValueTask Keep(string what)
        {
            lock (events)
                events.Add(what);
            return default;
        }
    }

    [Fact]
    public async Task With_several_servers_the_next_one_takes_over()
    {
        await using var first = await NatsServer.StartAsync();
        await using var second = await NatsServer.StartAsync();
        await using var connection = new NatsConnection(first.Options() with { Url = $"{first.Url},{second.Url}", NoRandomize = true });
        await using var subscription = await connection.SubscribeCoreAsync<int>("over");
        connection.ServerInfo!.Port.ShouldBe(first.Port);
        await first.KillAsync();
        await Eventually.HoldsAsync(
            () => connection.ConnectionState == NatsConnectionState.Open && connection.ServerInfo.Port == second.Port, "the second server");
        await connection.PublishAsync("over", 5);
        (await subscription.Msgs.ReadAsync(_deadline)).Data.ShouldBe(5);
    }

    [Fact]
    public async Task A_server_of_the_cluster_that_no_option_names_is_found_and_used()
    {
        int routeA = FreePort.Next(), routeB = FreePort.Next();
        static string Cluster(int own, int other) =>
            $$"""cluster { name: c, listen: "127.0.0.1:{{own}}", routes: ["nats://127.0.0.1:{{other}}"] }""" + $"\nserver_name: s{own}";
        await using var first = await NatsServer.StartAsync(Cluster(routeA, routeB));
        await using var second = await NatsServer.StartAsync(Cluster(routeB, routeA));
        await using var connection = first.Connect();
        await connection.ConnectAsync();
        await Eventually.HoldsAsync(
            () => connection.ServerInfo!.ClientConnectUrls.Any(url => url.EndsWith($":{second.Port}", StringComparison.Ordinal)),
            "the first server tells of the second");
        await first.KillAsync();
        await Eventually.HoldsAsync(
            () => connection.ConnectionState == NatsConnectionState.Open && connection.ServerInfo!.Port == second.Port, "the second server");
    }

    [Fact]
    public async Task A_first_connection_that_fails_says_why_unless_it_shall_be_retried()
    {
        var port = FreePort.Next();
        var opts = NatsOpts.Default with { Url = $"nats://127.0.0.1:{port}" };
        await using var impatient = new NatsConnection(opts);
        var fault = await Should.ThrowAsync<NatsConnectionFailedException>(async () => await impatient.PublishAsync("a", 1));
        fault.Message.ShouldContain(port.ToString());
        impatient.ConnectionState.ShouldBe(NatsConnectionState.Closed);

        await using var server = await NatsServer.StartAsync();
        await server.KillAsync();
        await using var patient = new NatsConnection(server.Options() with { RetryOnInitialConnect = true });
        var connecting = patient.ConnectAsync().AsTask();
        await Eventually.HoldsAsync(() => patient.ConnectionState == NatsConnectionState.Connecting, "it tries");
        await server.StartAgainAsync();
        await connecting.WaitAsync(_deadline);
        await patient.PingAsync(_deadline);
    }

    [Fact]
    public async Task When_all_retries_are_used_everything_that_waits_fails()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = new NatsConnection(server.Options() with { MaxReconnectRetry = 2 });
        await using var subscription = await connection.SubscribeCoreAsync<int>("waits");
        await using var silent = await connection.SubscribeCoreAsync<int>("silent");
        var request = connection.RequestAsync<int, int>("silent", 1).AsTask();
        await silent.Msgs.ReadAsync(_deadline);
        await server.KillAsync();
        await Should.ThrowAsync<NatsConnectionFailedException>(() => subscription.Msgs.Completion.WaitAsync(_deadline));
        await Should.ThrowAsync<NatsConnectionFailedException>(() => request);
        await Eventually.HoldsAsync(() => connection.ConnectionState == NatsConnectionState.Failed, "it gives up");
        await Should.ThrowAsync<NatsConnectionFailedException>(async () => await connection.PublishAsync("a", 1));
        await Should.ThrowAsync<NatsConnectionFailedException>(async () => await connection.ConnectAsync());
    }

    [Fact]
    public async Task While_there_is_no_server_publishing_is_bounded()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = new NatsConnection(
            server.Options() with { WriterBufferSize = 4096, CommandTimeout = TimeSpan.FromMilliseconds(100) });
        await connection.ConnectAsync();
        await server.KillAsync();
        await Eventually.HoldsAsync(() => connection.ConnectionState == NatsConnectionState.Reconnecting, "the loss is seen");
        var taken = 0;
        var fault = await Should.ThrowAsync<NatsException>(async () =>
        {
            for (; taken < 100; taken++)
                await connection.PublishAsync("bounded", new byte[1000]);
        });
        taken.ShouldBeInRange(3, 4);
        fault.Message.ShouldContain("send buffer");
        await Should.ThrowAsync<OperationCanceledException>(
            async () => await connection.PublishAsync("bounded", new byte[1000], cancellationToken: new CancellationToken(true)));
    }

    [Fact]
    public async Task A_server_that_goes_out_of_service_is_reported()
    {
        await using var server = await NatsServer.StartAsync();
        await using var connection = server.Connect();
        var told = new TaskCompletionSource<Uri>();
        connection.LameDuckModeActivated += (_, args) =>
        {
            told.TrySetResult(args.Uri);
            return default;
        };
        await connection.ConnectAsync();
        server.Signal("USR2");
        (await told.Task.WaitAsync(_deadline)).Port.ShouldBe(server.Port);
        connection.ServerInfo!.LameDuckMode.ShouldBeTrue();
    }

    [Fact]
    public async Task A_server_that_answers_no_ping_is_left()
    {
        await using var server = await NatsServer.StartAsync();
        await using var other = await NatsServer.StartAsync();
        await using var connection = new NatsConnection(server.Options() with
        {
            Url = $"{server.Url},{other.Url}",
            NoRandomize = true,
            PingInterval = TimeSpan.FromMilliseconds(100),
            ConnectTimeout = TimeSpan.FromMilliseconds(500),
        });
        await connection.ConnectAsync();
        server.Signal("STOP");
        await Eventually.HoldsAsync(
            () => connection.ConnectionState == NatsConnectionState.Open && connection.ServerInfo!.Port == other.Port, "the other server");
    }
}
