using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Framing;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// The responses of a call over HTTP. A write is over when the server's buffer for the stream has room again, which
/// is how a client that reads slowly slows the handler down. One write at a time.
/// </summary>
internal sealed class HttpResponseStream<T>(HttpServerCallContext call, Action<T, SerializationContext> serializer)
    : IServerStreamWriter<T>
    where T : class
{
    /// <summary>Messages with <see cref="WriteFlags.BufferHint"/> are flushed all the same beyond this size.</summary>
    private const long MaxUnflushedBytes = 32 * 1024;

    private readonly PipeWriter _output = call.Http.Response.BodyWriter;
    private CancellationToken _cancelled;

    public WriteOptions? WriteOptions { get; set; }

    public long Count { get; private set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (!_cancelled.CanBeCanceled)
            _cancelled = call.CancellationToken;
        if (cancellationToken.IsCancellationRequested || _cancelled.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken.IsCancellationRequested ? cancellationToken : _cancelled);
        call.BeginWrite();
        ValueTask<FlushResult> flush;
        try
        {
            var flags = Write(message);
            if ((flags & WriteFlags.BufferHint) != 0 && _output.UnflushedBytes < MaxUnflushedBytes)
            {
                call.EndWrite();
                return Task.CompletedTask;
            }

            flush = _output.FlushAsync(cancellationToken.CanBeCanceled ? cancellationToken : _cancelled);
        }
        catch
        {
            call.EndWrite();
            throw;
        }

        if (!flush.IsCompletedSuccessfully)
            return AwaitFlushAsync(flush);
        var result = flush.Result;
        call.EndWrite();
        return result.IsCanceled ? Task.FromCanceled(new CancellationToken(true)) : Task.CompletedTask;
    }

    /// <summary>Writes the one response of a call that has one; it leaves together with the trailers.</summary>
    public void WriteSingle(T message)
    {
        if (message is null)
            throw new RpcException(new Status(StatusCode.Internal, "The handler returned no message."));
        if (call.IsDeadlineExceeded || call.IsCancelled)
            return;
        call.BeginWrite();
        try
        {
            Write(message);
        }
        finally
        {
            call.EndWrite();
        }
    }

    private WriteFlags Write(T message)
    {
        var flags = (WriteOptions ?? call.WriteOptions)?.Flags ?? WriteFlags.None;
        var compression = (flags & WriteFlags.NoCompress) == 0 ? call.Compression.OfResponses : null;
        try
        {
            MessageSerializationContext.Write(_output, serializer, message, call.Settings.Limits, compression);
        }
        catch (BrokenFrameException)
        {
            call.ResetBroken();
            throw;
        }

        Count++;
        return flags;
    }

    private async Task AwaitFlushAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            var result = await flush;
            if (result.IsCanceled)
                throw new OperationCanceledException("The write was cancelled.");
        }
        catch (IOException) when (call.IsCancelled)
        {
            throw new OperationCanceledException("The client cancelled the call.", _cancelled);
        }
        finally
        {
            call.EndWrite();
        }
    }
}
