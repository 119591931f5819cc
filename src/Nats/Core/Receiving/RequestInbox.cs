using System.Buffers.Text;
using System.Collections.Concurrent;
using NATS.Client.Core.Protocol;

namespace NATS.Client.Core.Receiving;

/// <summary>
/// One subscription for the replies to all requests of a connection: each request's reply subject ends in a number.
/// Replies go straight to who waits; late ones, and numbers nobody asked for, are dropped. Thread-safe.
/// </summary>
internal sealed class RequestInbox(string prefix, INatsConnection connection) : Subscription(prefix + "*", null, null)
{
    private readonly ConcurrentDictionary<long, IPendingReply> _pending = new();
    private readonly int _prefixBytes = System.Text.Encoding.UTF8.GetByteCount(prefix);
    private long _last;

    private interface IPendingReply
    {
        void Take(in MessageFrame frame, INatsConnection connection);

        void Fail(Exception reason);
    }

    /// <summary>How many requests wait.</summary>
    public int Count => _pending.Count;

    /// <summary>Gets ready for a reply.</summary>
    public Ticket<T> Expect<T>(INatsDeserialize<T> serializer)
    {
        var number = Interlocked.Increment(ref _last);
        var subject = prefix + number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var pending = new PendingReply<T>(subject, serializer);
        _pending[number] = pending;
        return new Ticket<T>(this, number, subject, pending.Task);
    }

    public override bool Deliver(in MessageFrame frame)
    {
        var token = frame.Subject[Math.Min(_prefixBytes, frame.Subject.Length)..];
        if (Utf8Parser.TryParse(token, out long number, out var used) && used == token.Length
            && _pending.TryRemove(number, out var pending))
            pending.Take(frame, connection);
        return true;
    }

    public override void End(Exception? reason)
    {
        foreach (var number in _pending.Keys)
        {
            if (_pending.TryRemove(number, out var pending))
                pending.Fail(reason ?? new ObjectDisposedException(nameof(NatsConnection)));
        }
    }

    private void Forget(long number) => _pending.TryRemove(number, out _);

    /// <summary>One awaited reply; disposing gives it up.</summary>
    internal readonly struct Ticket<T>(RequestInbox inbox, long number, string subject, Task<NatsMsg<T>> reply) : IDisposable
    {
        public string Subject => subject;

        public Task<NatsMsg<T>> Reply => reply;

        public void Dispose() => inbox.Forget(number);
    }

    private sealed class PendingReply<T>(string subject, INatsDeserialize<T> serializer)
        : TaskCompletionSource<NatsMsg<T>>(TaskCreationOptions.RunContinuationsAsynchronously), IPendingReply
    {
        public void Take(in MessageFrame frame, INatsConnection connection) =>
            TrySetResult(MessageReading.Read(frame, subject, serializer, connection));

        public void Fail(Exception reason) => TrySetException(reason);
    }
}
