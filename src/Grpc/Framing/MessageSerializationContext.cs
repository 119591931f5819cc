using System.Buffers;
using System.IO.Compression;
using Grpc.Core;
using Grpc.Net.Compression;

namespace Grpc.Framing;

/// <summary>How outgoing messages are compressed.</summary>
internal sealed record OutgoingCompression(ICompressionProvider Provider, CompressionLevel? Level);

/// <summary>
/// Frames one message. A message that says its length first, as generated code does, goes straight to the output;
/// others, and those to be compressed, pass through a pooled buffer. One a thread, since marshallers are synchronous.
/// </summary>
internal sealed class MessageSerializationContext : SerializationContext, IBufferWriter<byte>
{
    [ThreadStatic]
    private static MessageSerializationContext? t_cached;

    private IBufferWriter<byte> _output = null!;
    private MessageLimits _limits = MessageLimits.None;
    private OutgoingCompression? _compression;
    private PooledBuffer? _buffer;
    private int _length;
    private int _missing;
    private bool _completed;

    /// <summary>Writes a message with its header to the output, without flushing.</summary>
    /// <exception cref="RpcException">The message is too large; nothing was written.</exception>
    /// <exception cref="BrokenFrameException">The marshaller failed after a part was written.</exception>
    public static void Write<T>(IBufferWriter<byte> output, Action<T, SerializationContext> serializer, T message,
        MessageLimits limits, OutgoingCompression? compression)
    {
        var context = t_cached ?? new MessageSerializationContext();
        t_cached = null;
        context.Begin(output, limits, compression);
        try
        {
            serializer(message, context);
            if (!context._completed)
                throw new InvalidOperationException("The marshaller returned without completing the message.");
        }
        catch (Exception e) when (context._length >= 0)
        {
            // The header is out, so what follows it cannot be a message any more.
            throw new BrokenFrameException(e);
        }
        finally
        {
            context.End();
            t_cached = context;
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        _limits.CheckSend(payloadLength);
        if (_compression is not null || _buffer is not null || _completed)
            return;
        MessageHeader.Write(_output, compressed: false, payloadLength);
        _length = payloadLength;
        _missing = payloadLength;
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        if (_length < 0)
            _buffer ??= new PooledBuffer();
        return this;
    }

    public override void Complete()
    {
        BeginCompletion();
        if (_length >= 0)
        {
            if (_missing != 0)
                throw new InvalidOperationException($"{_missing} of {_length} announced bytes were not written.");
        }
        else if (_buffer is null)
            WriteWhole([]);
        else
            WriteWhole(_buffer.Written.Span);
    }

    public override void Complete(byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        BeginCompletion();
        if (_length < 0)
        {
            WriteWhole(payload);
            return;
        }

        if (payload.Length != _missing)
            throw new InvalidOperationException($"{_length} bytes were announced, {payload.Length} given.");
        _output.Write(payload);
    }

    void IBufferWriter<byte>.Advance(int count)
    {
        if (_length < 0)
        {
            _buffer!.Advance(count);
            return;
        }

        if (count > _missing)
            throw new InvalidOperationException($"More than the {_length} announced bytes were written.");
        _missing -= count;
        _output.Advance(count);
    }

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint) =>
        _length < 0 ? _buffer!.GetMemory(sizeHint) : _output.GetMemory(sizeHint);

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) =>
        _length < 0 ? _buffer!.GetSpan(sizeHint) : _output.GetSpan(sizeHint);

    private void Begin(IBufferWriter<byte> output, MessageLimits limits, OutgoingCompression? compression)
    {
        _output = output;
        _limits = limits;
        _compression = compression;
        _length = -1;
        _missing = 0;
        _completed = false;
    }

    private void End()
    {
        _buffer?.Dispose();
        _buffer = null;
        _output = null!;
        _compression = null;
    }

    private void BeginCompletion()
    {
        if (_completed)
            throw new InvalidOperationException("The message was completed before.");
        _completed = true;
    }

    private void WriteWhole(ReadOnlySpan<byte> payload)
    {
        _limits.CheckSend(payload.Length);
        if (_compression is null)
        {
            MessageHeader.Write(_output, compressed: false, payload.Length);
            _output.Write(payload);
            return;
        }

        using var compressed = new PooledBuffer(Math.Max(payload.Length / 2, 64));
        using (var stream = _compression.Provider.CreateCompressionStream(
                   new BufferWriterStream(compressed), _compression.Level))
            stream.Write(payload);
        MessageHeader.Write(_output, compressed: true, compressed.WrittenCount);
        _output.Write(compressed.Written.Span);
    }
}
