using System.Net.Sockets;
using NATS.Client.Core.Protocol;
using NATS.Client.Core.Receiving;
using NATS.Client.Core.Sending;

namespace NATS.Client.Core.Connecting;

/// <summary>The life of one connection: reads, writes and pings until one of them ends.</summary>
internal sealed class LinkSession(
    ServerLink link, OutgoingBuffer outgoing, SubscriptionTable subscriptions, NatsOpts opts, ISessionEvents events)
    : IProtocolHandler
{
    private readonly CancellationTokenSource _stop = new();
    private Subscription? _full;
    private volatile bool _blocked;
    private int _pingsOut;
    private string? _lastError;

    /// <summary>Runs until the connection is lost or <paramref name="stop"/> is asked for; returns why it ended.</summary>
    public async Task<string> RunAsync(CancellationToken stop)
    {
        using var stopping = stop.Register(End);
        var reading = GuardAsync(ReadAsync);
        var writing = GuardAsync(WriteAsync);
        var pinging = GuardAsync(PingAsync);
        var first = await Task.WhenAny(reading, writing, pinging);
        End();
        await Task.WhenAll(reading, writing, pinging);
        outgoing.Abandon();
        _stop.Dispose();
        return _lastError is null ? await first : $"{_lastError} ({await first})";
    }

    bool IProtocolHandler.OnMessage(in MessageFrame frame)
    {
        if (subscriptions.Find(frame.Sid) is not { } subscription)
            return true;
        var isLast = subscription.CountOne();
        if (!subscription.Deliver(frame))
        {
            _full = subscription;
            // The last message ends the subscription only when it has found its place: see ReadAsync.
            return false;
        }

        if (isLast)
            EndByCount(subscription);
        return true;
    }

    void IProtocolHandler.OnInfo(ServerInfo info) => events.OnInfo(link, info);

    void IProtocolHandler.OnPing() => outgoing.OwePong();

    void IProtocolHandler.OnPong()
    {
        Volatile.Write(ref _pingsOut, 0);
        outgoing.OnPong();
    }

    void IProtocolHandler.OnError(string error)
    {
        // Denied subjects leave the connection open; whatever else is said comes before its end.
        if (!error.StartsWith("Permissions Violation", StringComparison.OrdinalIgnoreCase))
            _lastError = error;
        events.OnServerError(link, error);
    }

    private async Task<string> ReadAsync()
    {
        while (true)
        {
            var read = await link.Input.ReadAsync(_stop.Token);
            var buffer = read.Buffer;
            while (!ProtocolParser.Parse(ref buffer, this))
            {
                var full = _full!;
                _blocked = true;
                await full.WaitForRoomAsync();
                _blocked = false;
                if (full.Remaining <= 0)
                    EndByCount(full);
                _stop.Token.ThrowIfCancellationRequested();
            }

            link.Input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                return "The server closed the connection.";
        }
    }

    private async Task<string> WriteAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var batch = await outgoing.TakeAsync();
            if (batch.IsEmpty)
                continue;
            await link.Stream.WriteAsync(batch, _stop.Token);
            outgoing.Sent();
        }

        return "stopped";
    }

    private async Task<string> PingAsync()
    {
        using var timer = new PeriodicTimer(opts.PingInterval);
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            // A connection that waits for its only subscriber does not read answers either.
            if (_blocked)
                continue;
            if (Interlocked.Increment(ref _pingsOut) > opts.MaxPingOut)
                return $"The server left {opts.MaxPingOut} pings unanswered.";
            _ = outgoing.AppendPing().ContinueWith(
                static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default);
        }

        return "stopped";
    }

    private static async Task<string> GuardAsync(Func<Task<string>> run)
    {
        // Off the caller's stack: each part runs by itself from the start.
        await Task.Yield();
        try
        {
            return await run();
        }
        catch (OperationCanceledException)
        {
            return "stopped";
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or NatsException or InvalidOperationException)
        {
            return e.Message;
        }
    }

    private void EndByCount(Subscription subscription)
    {
        subscriptions.Remove(subscription);
        subscription.End(null);
    }

    private void End()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        link.Abort();
        outgoing.Wake();
    }
}
