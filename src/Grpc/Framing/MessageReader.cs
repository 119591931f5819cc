using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.Framing;

/// <summary>
/// Cuts a pipe into messages. What the pipe gave at once is taken apart without asking it again, so a stream of small
/// messages costs a call to the pipe for each buffer, not for each message. One reader at a time.
/// </summary>
internal sealed class MessageReader<T>(
    PipeReader input, Func<DeserializationContext, T> deserializer, MessageLimits limits,
    MessageDecompressor? decompressor)
{
    private ReadOnlySequence<byte> _buffer;
    private bool _holdsBuffer;
    private bool _inputEnded;

    /// <summary>Messages read so far.</summary>
    public long Count { get; private set; }

    /// <summary>Whether the last message came compressed.</summary>
    public bool WasCompressed { get; private set; }

    /// <summary>Reads a message from what is here already.</summary>
    /// <exception cref="RpcException">The message is too large, or no message of the protocol.</exception>
    public bool TryReadBuffered(out T message)
    {
        message = default!;
        if (!_holdsBuffer || !MessageHeader.TryRead(_buffer, out var flag, out var length))
            return false;
        if (flag > 1)
            throw Broken($"A message starts with the flag {flag}; only 0 and 1 exist.");
        limits.CheckReceive(length);
        if (_buffer.Length - MessageHeader.Size < length)
            return false;
        var payload = _buffer.Slice(MessageHeader.Size, length);
        message = flag == 0 ? Deserialize(payload) : Decompress(payload);
        _buffer = _buffer.Slice(payload.End);
        WasCompressed = flag == 1;
        Count++;
        return true;
    }

    /// <summary>Waits until a message is buffered; false at the end of the stream.</summary>
    /// <exception cref="RpcException">The stream ends inside a message.</exception>
    /// <exception cref="OperationCanceledException">The read was cancelled, through the token or the pipe.</exception>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_inputEnded)
                return EndOfInput();
            if (_holdsBuffer)
            {
                _holdsBuffer = false;
                input.AdvanceTo(_buffer.Start, _buffer.End);
            }

            var result = await input.ReadAsync(cancellationToken);
            _buffer = result.Buffer;
            _holdsBuffer = true;
            _inputEnded = result.IsCompleted;
            if (result.IsCanceled)
                throw new OperationCanceledException("Reading was cancelled.");
            if (HoldsWholeMessage())
                return true;
        }
    }

    /// <summary>Reads the only message of a unary side and checks that the stream ends after it.</summary>
    /// <exception cref="RpcException">There is no message, more than one, or a broken one.</exception>
    public async ValueTask<T> ReadSingleAsync(CancellationToken cancellationToken)
    {
        if (!await WaitAsync(cancellationToken) || !TryReadBuffered(out var message))
            throw new RpcException(new Status(StatusCode.Unimplemented, "The one message of this call is missing."));
        if (!(_inputEnded && _buffer.IsEmpty) && await WaitAsync(cancellationToken))
            throw new RpcException(new Status(StatusCode.Unimplemented, "A call with one message carried more."));
        return message;
    }

    /// <summary>Hands what is left back to the pipe, so that it can be completed.</summary>
    public void Release()
    {
        if (!_holdsBuffer)
            return;
        _holdsBuffer = false;
        input.AdvanceTo(_buffer.Start);
        _buffer = default;
    }

    /// <summary>Gives the pipe's buffers back; no read may follow or be under way.</summary>
    public void Complete()
    {
        _holdsBuffer = false;
        _inputEnded = true;
        _buffer = default;
        input.Complete();
    }

    private bool HoldsWholeMessage()
    {
        if (!MessageHeader.TryRead(_buffer, out var flag, out var length))
            return false;
        // A bad header counts as whole: reading it reports what is wrong at once instead of waiting for its bytes.
        return flag > 1 || length > limits.MaxReceive || _buffer.Length - MessageHeader.Size >= length;
    }

    private bool EndOfInput()
    {
        if (_buffer.IsEmpty)
            return false;
        if (HoldsWholeMessage())
            return true;
        throw Broken("The stream ended inside a message.");
    }

    private T Deserialize(in ReadOnlySequence<byte> payload)
    {
        try
        {
            return PayloadContext.Deserialize(deserializer, payload);
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, "A received message could not be parsed.", e));
        }
    }

    private T Decompress(in ReadOnlySequence<byte> payload)
    {
        if (decompressor is null)
            throw Broken("A message is marked as compressed, but the call names no grpc-encoding.");
        using var unpacked = decompressor.Decompress(payload, limits);
        return Deserialize(new ReadOnlySequence<byte>(unpacked.Written));
    }

    private static RpcException Broken(string detail) => new(new Status(StatusCode.Internal, detail));
}
