using System.Threading.Channels;
using NATS.Client.Core;
using Rag.Nats.Tests.Running;
using Rag.Testing;

namespace Rag.Nats.Tests.Core;

public class SlowConsumerTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const int Sent = 1000;
    private const int Capacity = 10;

    private readonly CancellationToken _deadline = Deadline.Token();

    [Theory]
    [InlineData(BoundedChannelFullMode.DropNewest, 0)]
    [InlineData(BoundedChannelFullMode.DropWrite, 0)]
    [InlineData(BoundedChannelFullMode.DropOldest, Sent - Capacity)]
    public async Task A_full_subscription_drops_counts_and_reports_and_holds_up_no_other(BoundedChannelFullMode mode, int firstKept)
    {
        await using var connection = shared.Server.Connect();
        var slow = new List<string>();
        var dropped = 0;
        connection.SlowConsumerDetected += (_, args) =>
        {
            lock (slow)
                slow.Add(args.Subscription.Subject);
            return default;
        };
        connection.MessageDropped += (_, args) =>
        {
            args.Subject.ShouldBe($"flood.{mode}");
            Interlocked.Increment(ref dropped);
            return default;
        };
        await using var full = await connection.SubscribeCoreAsync<int>($"flood.{mode}", opts: Queue(Capacity, mode));
        await using var other = await connection.SubscribeCoreAsync<int>($"flood.{mode}", opts: Queue(Sent, mode));
        for (var i = 0; i < Sent; i++)
            await connection.PublishAsync($"flood.{mode}", i);
        for (var i = 0; i < Sent; i++)
            (await other.Msgs.ReadAsync(_deadline)).Data.ShouldBe(i);
        // The same message may reach the one before the other: an answer comes after both.
        await connection.PingAsync(_deadline);
        full.DroppedMessages.ShouldBe(Sent - Capacity);
        other.DroppedMessages.ShouldBe(0);
        for (var i = 0; i < Capacity; i++)
            (await full.Msgs.ReadAsync(_deadline)).Data.ShouldBe(firstKept + i);
        full.Msgs.TryRead(out _).ShouldBeFalse();
        // Handlers lag behind; of very many dropped messages some events may be left out.
        await Eventually.HoldsAsync(() => Volatile.Read(ref dropped) > 0, "an event of a dropped message");
        lock (slow)
            slow.ShouldBe([$"flood.{mode}"]);

        // Having caught up it works as before, and is reported anew when it falls behind anew.
        await connection.PublishAsync($"flood.{mode}", -1);
        (await full.Msgs.ReadAsync(_deadline)).Data.ShouldBe(-1);
        for (var i = 0; i < 2 * Capacity; i++)
            await connection.PublishAsync($"flood.{mode}", i);
        await Eventually.HoldsAsync(
            () =>
            {
                lock (slow)
                    return slow.Count == 2;
            },
            "a second report");
    }

    [Fact]
    public async Task Bytes_are_bounded_too()
    {
        await using var connection = shared.Server.Connect();
        var opts = new NatsSubOpts { ChannelOpts = new NatsSubChannelOpts { Capacity = 1000, MaxBytes = 100_000 } };
        await using var subscription = await connection.SubscribeCoreAsync<byte[]>("bytes", opts: opts);
        for (var i = 0; i < 50; i++)
            await connection.PublishAsync("bytes", new byte[30_000]);
        await connection.PingAsync(_deadline);
        subscription.Msgs.Count.ShouldBe(3);
        subscription.DroppedMessages.ShouldBe(47);
        while (subscription.Msgs.TryRead(out _))
        {
        }

        // One message alone always has room.
        await connection.PublishAsync("bytes", new byte[200_000]);
        (await subscription.Msgs.ReadAsync(_deadline)).Data!.Length.ShouldBe(200_000);
    }

    [Fact]
    public async Task A_subscription_that_waits_loses_nothing_and_holds_up_no_other()
    {
        await using var connection = shared.Server.Connect();
        var reported = new TaskCompletionSource<string>();
        connection.SlowConsumerDetected += (_, args) =>
        {
            reported.TrySetResult(args.Subscription.Subject);
            return default;
        };
        await using var patient = await connection.SubscribeCoreAsync<byte[]>("wait", opts: Queue(Capacity, BoundedChannelFullMode.Wait));
        await using var other = await connection.SubscribeCoreAsync<byte[]>("wait", opts: Queue(Sent, BoundedChannelFullMode.DropNewest));
        for (var i = 0; i < Sent; i++)
            await connection.PublishAsync("wait", new byte[1 + i]);
        for (var i = 0; i < Sent; i++)
            (await other.Msgs.ReadAsync(_deadline)).Data!.Length.ShouldBe(1 + i);
        (await reported.Task.WaitAsync(_deadline)).ShouldBe("wait");
        patient.Msgs.Count.ShouldBe(Capacity);
        for (var i = 0; i < Sent; i++)
        {
            var message = await patient.Msgs.ReadAsync(_deadline);
            message.Data!.Length.ShouldBe(1 + i);
            message.Connection.ShouldBe(connection);
        }

        patient.DroppedMessages.ShouldBe(0);
    }

    [Fact]
    public async Task A_waiting_subscription_that_is_full_can_be_ended_with_its_connection_or_alone()
    {
        var connection = shared.Server.Connect();
        var first = await connection.SubscribeCoreAsync<int>("ended", opts: Queue(1, BoundedChannelFullMode.Wait));
        var second = await connection.SubscribeCoreAsync<int>("ended", opts: Queue(1, BoundedChannelFullMode.Wait));
        for (var i = 0; i < 100; i++)
            await connection.PublishAsync("ended", i);
        await Eventually.HoldsAsync(() => first.Msgs.Count == 1 && second.Msgs.Count == 1, "both are full");
        await first.UnsubscribeAsync();
        (await first.Msgs.ReadAllAsync(_deadline).CountAsync(_deadline)).ShouldBeLessThan(3);
        await connection.DisposeAsync().AsTask().WaitAsync(_deadline);
        (await second.Msgs.ReadAllAsync(_deadline).CountAsync(_deadline)).ShouldBeLessThan(3);
    }

    [Fact]
    public async Task A_handler_that_fails_or_hangs_stops_no_message()
    {
        await using var connection = shared.Server.Connect();
        using var release = new SemaphoreSlim(0);
        connection.MessageDropped += async (_, _) =>
        {
            await release.WaitAsync(_deadline);
            throw new InvalidOperationException("a fault of the handler");
        };
        await using var full = await connection.SubscribeCoreAsync<int>("handler", opts: Queue(1, BoundedChannelFullMode.DropNewest));
        await using var other = await connection.SubscribeCoreAsync<int>("handler", opts: Queue(5000, BoundedChannelFullMode.DropNewest));
        for (var i = 0; i < 5000; i++)
            await connection.PublishAsync("handler", i);
        for (var i = 0; i < 5000; i++)
            (await other.Msgs.ReadAsync(_deadline)).Data.ShouldBe(i);
        await connection.PingAsync(_deadline);
        full.DroppedMessages.ShouldBe(4999);
        release.Release(5000);
    }

    private static NatsSubOpts Queue(int capacity, BoundedChannelFullMode mode) =>
        new() { ChannelOpts = new NatsSubChannelOpts { Capacity = capacity, FullMode = mode } };
}
