using System.Threading.Channels;

namespace Grpc.Net.InProcess;

/// <summary>
/// One direction of a call: a bounded channel. Closing wakes both sides; messages written before stay readable.
/// One reader and one writer.
/// </summary>
internal sealed class InProcessStream<T>(int capacity)
    where T : class
{
    private readonly Channel<T> _channel = Channel.CreateBounded<T>(new BoundedChannelOptions(capacity)
    {
        SingleReader = true,
        SingleWriter = true,
    });

    private int _writing;

    /// <summary>Messages written so far.</summary>
    public long Count { get; private set; }

    /// <summary>Claims the stream for one write.</summary>
    /// <exception cref="InvalidOperationException">Another write is still going on.</exception>
    public void BeginWrite()
    {
        if (Interlocked.Exchange(ref _writing, 1) != 0)
            throw new InvalidOperationException("One write at a time: await the previous one first.");
    }

    public void EndWrite() => Volatile.Write(ref _writing, 0);

    public bool TryWrite(T message)
    {
        if (!_channel.Writer.TryWrite(message))
            return false;
        Count++;
        return true;
    }

    /// <summary>Waits for room; false where the stream is closed.</summary>
    public async ValueTask<bool> WriteAsync(T message)
    {
        // Waiting without a token reuses the channel's own operation; closing the stream wakes it.
        while (await _channel.Writer.WaitToWriteAsync())
        {
            if (TryWrite(message))
                return true;
        }

        return false;
    }

    public bool TryRead(out T message) => _channel.Reader.TryRead(out message!);

    /// <summary>Waits for a message; false where the stream is closed and empty.</summary>
    public ValueTask<bool> WaitToReadAsync() => _channel.Reader.WaitToReadAsync();

    public void Close() => _channel.Writer.TryComplete();
}
