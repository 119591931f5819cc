using System.Threading.Channels;
using NATS.Client.Core.Protocol;
using NATS.Client.Core.Sending;

namespace NATS.Client.Core.Receiving;

/// <summary>
/// A subscription with a queue, bounded in messages and bytes. Written by the reading task alone, read by anyone.
/// </summary>
internal sealed class NatsSub<T> : Subscription, INatsSub<T>
{
    private readonly ISubscriptionOwner _owner;
    private readonly INatsConnection _connection;
    private readonly INatsDeserialize<T> _serializer;
    private readonly Channel<NatsMsg<T>> _queue;
    private readonly SubjectText _subjects;
    private readonly AsyncSignal _room = new();
    private readonly int _capacity;
    private readonly long _maxBytes;
    private readonly BoundedChannelFullMode _fullMode;
    private NatsMsg<T> _held;
    private long _bytes;
    private long _dropped;
    private int _count;
    private int _blocked;
    private volatile bool _slow;
    private volatile bool _ended;

    public NatsSub(ISubscriptionOwner owner, INatsConnection connection, string subject, string? queueGroup,
        INatsDeserialize<T> serializer, NatsSubOpts? opts, NatsOpts defaults)
        : base(subject, queueGroup, opts?.MaxMsgs)
    {
        _owner = owner;
        _connection = connection;
        _serializer = serializer;
        _subjects = new SubjectText(subject);
        _capacity = opts?.ChannelOpts?.Capacity ?? defaults.SubPendingChannelCapacity;
        _maxBytes = opts?.ChannelOpts?.MaxBytes ?? defaults.SubPendingBytes;
        _fullMode = opts?.ChannelOpts?.FullMode ?? defaults.SubPendingChannelFullMode;
        // The bounds are kept here, because they count bytes too; a channel counts messages only.
        _queue = Channel.CreateUnbounded<NatsMsg<T>>(new UnboundedChannelOptions { SingleWriter = true });
        Msgs = new CountingReader(this);
    }

    public ChannelReader<NatsMsg<T>> Msgs { get; }

    public long DroppedMessages => Interlocked.Read(ref _dropped);

    /// <summary>Called once, when no message comes any more.</summary>
    public Action? Ended { get; init; }

    public override bool Deliver(in MessageFrame frame)
    {
        var subject = _subjects.Of(frame.Subject);
        var hasRoom = HasRoom(frame.Size);
        if (!hasRoom && _fullMode is BoundedChannelFullMode.DropNewest or BoundedChannelFullMode.DropWrite)
        {
            Dropped(subject);
            return true;
        }

        var message = MessageReading.Read(frame, subject, _serializer, _connection);
        if (hasRoom)
        {
            Enqueue(message);
            return true;
        }

        if (_fullMode == BoundedChannelFullMode.DropOldest)
        {
            while (!HasRoom(message.Size) && _queue.Reader.TryRead(out var oldest))
            {
                Uncount(oldest);
                (oldest.Data as IDisposable)?.Dispose();
                Dropped(oldest.Subject);
            }

            Enqueue(message);
            return true;
        }

        Slow();
        _held = message;
        return false;
    }

    public override async ValueTask WaitForRoomAsync()
    {
        while (!_ended)
        {
            Volatile.Write(ref _blocked, 1);
            if (HasRoom(_held.Size))
                break;
            await _room.WaitAsync();
        }

        Volatile.Write(ref _blocked, 0);
        Enqueue(_held);
        _held = default;
    }

    public override void End(Exception? reason)
    {
        if (!_queue.Writer.TryComplete(reason))
            return;
        _ended = true;
        _room.Set();
        Ended?.Invoke();
    }

    public ValueTask UnsubscribeAsync()
    {
        _owner.Remove(this);
        return default;
    }

    public ValueTask DrainAsync(CancellationToken cancellationToken = default) => _owner.DrainAsync(this, cancellationToken);

    public ValueTask DisposeAsync() => UnsubscribeAsync();

    // One message always has room, however large: the server's limit bounds it.
    private bool HasRoom(int size)
    {
        var count = Volatile.Read(ref _count);
        return count == 0 || (count < _capacity && Interlocked.Read(ref _bytes) + size <= _maxBytes);
    }

    private void Enqueue(in NatsMsg<T> message)
    {
        // Counted first: a reader may be faster than this task.
        Interlocked.Increment(ref _count);
        Interlocked.Add(ref _bytes, message.Size);
        if (!_queue.Writer.TryWrite(message))
            Uncount(message);
    }

    private void Uncount(in NatsMsg<T> message)
    {
        Interlocked.Add(ref _bytes, -message.Size);
        Interlocked.Decrement(ref _count);
    }

    private void Taken(in NatsMsg<T> message)
    {
        Uncount(message);
        // After the counts, as WaitForRoomAsync looks in the opposite order: one of the two sees the other.
        if (Volatile.Read(ref _blocked) == 1 && Interlocked.Exchange(ref _blocked, 0) == 1)
            _room.Set();
    }

    private void Dropped(string subject)
    {
        var dropped = Interlocked.Increment(ref _dropped);
        Slow();
        _owner.OnDropped(this, Volatile.Read(ref _count), dropped, subject);
    }

    // Once until the queue has been empty enough again.
    private void Slow()
    {
        if (_slow)
            return;
        _slow = true;
        _owner.OnSlow(this);
    }

    private sealed class CountingReader(NatsSub<T> sub) : ChannelReader<NatsMsg<T>>
    {
        private readonly ChannelReader<NatsMsg<T>> _inner = sub._queue.Reader;

        public override bool CanCount => true;

        public override int Count => _inner.Count;

        public override bool CanPeek => _inner.CanPeek;

        public override Task Completion => _inner.Completion;

        public override bool TryRead(out NatsMsg<T> item)
        {
            if (!_inner.TryRead(out item))
            {
                sub._slow = false;
                return false;
            }

            sub.Taken(item);
            return true;
        }

        public override bool TryPeek(out NatsMsg<T> item) => _inner.TryPeek(out item);

        public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
            _inner.WaitToReadAsync(cancellationToken);
    }
}
