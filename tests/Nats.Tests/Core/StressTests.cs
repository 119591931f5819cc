using System.Threading.Channels;
using NATS.Client.Core;
using Rag.Nats.Tests.Running;
using Rag.Testing;

namespace Rag.Nats.Tests.Core;

/// <summary>Everything at once, while the server comes and goes.</summary>
public class StressTests
{
    private readonly CancellationToken _deadline = Deadline.Token();

    [Fact]
    public async Task Many_callers_on_one_connection_survive_a_server_that_comes_and_goes()
    {
        await using var server = await NatsServer.StartAsync(jetStream: false);
        await using var connection = new NatsConnection(server.Options() with
        {
            WriterBufferSize = 64 * 1024,
            RequestTimeout = TimeSpan.FromMilliseconds(500),
        });
        await using var echo = await connection.SubscribeCoreAsync<byte[]>("stress.echo", "group");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_deadline);
        var answering = Task.Run(async () =>
        {
            await foreach (var question in echo.Msgs.ReadAllAsync(_deadline))
                await question.ReplyAsync(question.Data, cancellationToken: _deadline);
        });
        long answered = 0;
        var callers = Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
        {
            var random = new Random(caller);
            while (!stop.IsCancellationRequested)
            {
                var payload = new byte[random.Next(2000)];
                random.NextBytes(payload);
                try
                {
                    var mode = caller % 2 == 0 ? BoundedChannelFullMode.DropNewest : BoundedChannelFullMode.DropOldest;
                    await using var mine = await connection.SubscribeCoreAsync<byte[]>(
                        $"stress.{caller}", opts: new NatsSubOpts { ChannelOpts = new NatsSubChannelOpts { Capacity = 4, FullMode = mode } });
                    for (var i = 0; i < random.Next(20); i++)
                        await connection.PublishAsync($"stress.{caller}", payload);
                    var reply = await connection.RequestAsync<byte[], byte[]>("stress.echo", payload);
                    (reply.Data ?? []).AsSpan().SequenceEqual(payload).ShouldBeTrue();
                    Interlocked.Increment(ref answered);
                    while (mine.Msgs.TryRead(out var message))
                        (message.Data ?? []).AsSpan().SequenceEqual(payload).ShouldBeTrue();
                }
                catch (Exception e) when (e is NatsNoReplyException or NatsNoRespondersException)
                {
                    // The server was away, or has not heard of the subscription again yet.
                }
            }
        })).ToArray();
        for (var round = 0; round < 4; round++)
        {
            var before = Interlocked.Read(ref answered);
            await Rag.Testing.Eventually.HoldsAsync(() => Interlocked.Read(ref answered) > before + 200, "requests are answered");
            await server.KillAsync();
            await server.StartAgainAsync();
        }

        var last = Interlocked.Read(ref answered);
        await Rag.Testing.Eventually.HoldsAsync(() => Interlocked.Read(ref answered) > last + 200, "requests are answered after the last restart");
        await stop.CancelAsync();
        await Task.WhenAll(callers).WaitAsync(_deadline);
        await echo.UnsubscribeAsync();
        await answering.WaitAsync(_deadline);
        connection.ConnectionState.ShouldBe(NatsConnectionState.Open);
    }

    [Fact]
    public async Task Connections_disposed_at_any_moment_end_at_once()
    {
        await using var server = await NatsServer.StartAsync(jetStream: false);
        var random = new Random(3);
        await Task.WhenAll(Enumerable.Range(0, 30).Select(i => (Subject: $"moments.{i}", Moment: random.Next(3))).Select(one => Task.Run(async () =>
        {
            var connection = server.Connect();
            var working = Task.Run(async () =>
            {
                await using var subscription = await connection.SubscribeCoreAsync<int>(one.Subject);
                while (true)
                {
                    await connection.PublishAsync(one.Subject, 1);
                    // Thirty loops that never wait would leave no thread to anybody else.
                    await Task.Yield();
                }
            });
            if (one.Moment == 1)
                await connection.ConnectAsync();
            if (one.Moment == 2)
                await connection.PingAsync(_deadline);
            await connection.DisposeAsync().AsTask().WaitAsync(_deadline);
            await Should.ThrowAsync<Exception>(() => working.WaitAsync(_deadline));
            working.IsCompleted.ShouldBeTrue();
            (working.Exception?.InnerException is null or ObjectDisposedException or OperationCanceledException).ShouldBeTrue($"{working.Exception}");
        })));
    }
}
