namespace NATS.Client.Core.Sending;

/// <summary>
/// What waits to be sent: callers append commands under a short lock, one task takes all of it at once and sends it.
/// While that is under way the next batch gathers, so many small messages become few writes. It outlives a connection:
/// what was appended but not taken is sent by the next one; what was taken is not sent again, because part of it may
/// have arrived. Bounded: beyond the limit nothing is taken in, and callers wait for room. Thread-safe.
/// </summary>
internal sealed class OutgoingBuffer(int limit)
{
    private readonly Lock _gate = new();
    private readonly AsyncSignal _filled = new();
    // In the order of their bytes: the first _sentPings of them are on their way to the server.
    private readonly Queue<TaskCompletionSource> _pings = new();
    private byte[] _active = new byte[Math.Min(limit, 16 * 1024)];
    private byte[] _spare = [];
    private int _length;
    private int _activePings;
    private int _sentPings;
    private bool _sending;
    private bool _senderWaits;
    private bool _owesPong;
    private TaskCompletionSource? _room;
    private Exception? _closed;

    /// <summary>Appends a command; false where there is no room. A command larger than the limit goes in alone.</summary>
    public bool TryAppend<TCommand>(in TCommand command)
        where TCommand : struct, ICommand, allows ref struct
    {
        bool wake;
        lock (_gate)
        {
            ThrowIfClosed();
            var bytes = command.MaxBytes;
            if (_length > 0 && (long)_length + bytes > limit)
                return false;
            Append(command, bytes);
            wake = _senderWaits;
            _senderWaits = false;
        }

        if (wake)
            _filled.Set();
        return true;
    }

    /// <summary>As <see cref="TryAppend"/> but always: for the few commands of the protocol itself, which are bounded
    /// elsewhere.</summary>
    public void Append<TCommand>(in TCommand command)
        where TCommand : struct, ICommand, allows ref struct
    {
        bool wake;
        lock (_gate)
        {
            ThrowIfClosed();
            Append(command, command.MaxBytes);
            wake = _senderWaits;
            _senderWaits = false;
        }

        if (wake)
            _filled.Set();
    }

    /// <summary>Appends a PING; the task ends when its PONG comes, and fails where the connection is lost first.</summary>
    public Task AppendPing()
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool wake;
        lock (_gate)
        {
            ThrowIfClosed();
            _pings.Enqueue(answered);
            _activePings++;
            Append(new PingCommand(), 8);
            wake = _senderWaits;
            _senderWaits = false;
        }

        if (wake)
            _filled.Set();
        return answered.Task;
    }

    /// <summary>Takes nothing in any more, and ends when the server has answered a ping behind all that stands here.</summary>
    public Task SealAsync(Exception reason)
    {
        Task answered;
        TaskCompletionSource? room;
        lock (_gate)
        {
            answered = AppendPing();
            _closed = reason;
            room = _room;
            _room = null;
        }

        room?.TrySetException(reason);
        return answered;
    }

    /// <summary>Owes the server a PONG: one goes with the next batch, however many were asked for.</summary>
    public void OwePong()
    {
        bool wake;
        lock (_gate)
        {
            _owesPong = true;
            wake = _senderWaits;
            _senderWaits = false;
        }

        if (wake)
            _filled.Set();
    }

    /// <summary>A PONG came.</summary>
    public void OnPong()
    {
        TaskCompletionSource? answered;
        lock (_gate)
        {
            if (_sentPings == 0)
                return;
            _sentPings--;
            answered = _pings.Dequeue();
        }

        answered.TrySetResult();
    }

    /// <summary>Ends when there may be room again; fails when the buffer is closed.</summary>
    public Task WaitForRoomAsync()
    {
        lock (_gate)
        {
            ThrowIfClosed();
            if (_length == 0)
                return Task.CompletedTask;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    /// <summary>Waits for something to send and takes all of it; empty after <see cref="Wake"/>. One sender at a time.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> TakeAsync()
    {
        if (TryTake(out var batch))
            return batch;
        await _filled.WaitAsync();
        TryTake(out batch);
        return batch;
    }

    /// <summary>The batch that was taken is sent: its memory serves again.</summary>
    public void Sent()
    {
        lock (_gate)
            EndSending();
    }

    /// <summary>Ends a wait in <see cref="TakeAsync"/>.</summary>
    public void Wake() => _filled.Set();

    /// <summary>The connection is lost: what was under way is gone, what waits stays. Pings under way fail.</summary>
    public void Abandon()
    {
        var lost = new List<TaskCompletionSource>();
        lock (_gate)
        {
            EndSending();
            _senderWaits = false;
            _owesPong = false;
            for (; _sentPings > 0; _sentPings--)
                lost.Add(_pings.Dequeue());
        }

        foreach (var ping in lost)
            ping.TrySetException(new NatsException("The connection was lost before the server answered a ping."));
    }

    /// <summary>Nothing is taken in any more: callers, waiting ones too, get the exception.</summary>
    public void Close(Exception reason)
    {
        TaskCompletionSource? room;
        TaskCompletionSource[] pings;
        lock (_gate)
        {
            _closed ??= reason;
            room = _room;
            _room = null;
            pings = [.. _pings];
            _pings.Clear();
            _sentPings = _activePings = 0;
            _length = 0;
        }

        room?.TrySetException(reason);
        foreach (var ping in pings)
            ping.TrySetException(reason);
        _filled.Set();
    }

    private bool TryTake(out ReadOnlyMemory<byte> batch)
    {
        TaskCompletionSource? room;
        lock (_gate)
        {
            if (_owesPong && !_sending)
            {
                _owesPong = false;
                Append(new PongCommand(), 8);
            }

            if (_length == 0 || _sending)
            {
                _senderWaits = _length == 0;
                batch = default;
                return false;
            }

            batch = _active.AsMemory(0, _length);
            (_active, _spare) = (_spare, _active);
            _length = 0;
            _sending = true;
            _sentPings += _activePings;
            _activePings = 0;
            room = _room;
            _room = null;
        }

        room?.TrySetResult();
        return true;
    }

    private void Append<TCommand>(in TCommand command, int bytes)
        where TCommand : struct, ICommand, allows ref struct
    {
        if (_active.Length - _length < bytes)
        {
            var larger = new byte[Math.Max((int)Math.Min((long)_active.Length * 2, Array.MaxLength), _length + bytes)];
            _active.AsSpan(0, _length).CopyTo(larger);
            _active = larger;
        }

        _length += command.Write(_active.AsSpan(_length));
    }

    private void EndSending()
    {
        if (!_sending)
            return;
        _sending = false;
        // One large message must not hold its memory for ever.
        if (_spare.Length > (long)limit * 2)
            _spare = [];
    }

    private void ThrowIfClosed()
    {
        if (_closed is ObjectDisposedException)
            throw new ObjectDisposedException(nameof(NatsConnection));
        if (_closed is not null)
            throw new NatsConnectionFailedException(_closed.Message, _closed);
    }
}
