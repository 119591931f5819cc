using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>The requests of a streaming call. One write at a time.</summary>
internal sealed class CallRequestStream<TRequest, TResponse>(
    HttpCall<TRequest, TResponse> call, MessageStreamContent content)
    : IClientStreamWriter<TRequest>
    where TRequest : class
    where TResponse : class
{
    /// <summary>Messages with <see cref="WriteFlags.BufferHint"/> are flushed all the same beyond this size.</summary>
    private const long MaxUnflushedBytes = 32 * 1024;

    private readonly PipeWriter _output = content.Output;
    private int _writing;
    private bool _completed;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        Claim();
        ValueTask<FlushResult> flush;
        try
        {
            if (cancellationToken.IsCancellationRequested)
                call.Cancel("The caller cancelled a write.");
            if (call.HasEnded)
                return ReleaseWith(Task.FromException(CallEnded()));
            var flags = call.Write(_output, message, WriteOptions);
            if ((flags & WriteFlags.BufferHint) != 0 && _output.UnflushedBytes < MaxUnflushedBytes)
                return ReleaseWith(Task.CompletedTask);
            flush = _output.FlushAsync(cancellationToken);
        }
        catch (Exception e)
        {
            // A broken frame cannot be taken back; other failures, a size limit for instance, wrote nothing.
            if (e is BrokenFrameException)
                call.Fail(e);
            return ReleaseWith(Task.FromException(e));
        }

        if (flush.IsCompletedSuccessfully && flush.Result is { IsCompleted: false, IsCanceled: false })
            return ReleaseWith(Task.CompletedTask);
        return AwaitFlushAsync(flush);
    }

    public async Task CompleteAsync()
    {
        Claim();
        _completed = true;
        await _output.CompleteAsync();
        Release();
    }

    private void Claim()
    {
        if (Interlocked.Exchange(ref _writing, 1) != 0)
            throw new InvalidOperationException("One write at a time: await the previous one first.");
        if (!_completed)
            return;
        Release();
        throw new InvalidOperationException("The request stream was completed before.");
    }

    private void Release() => Volatile.Write(ref _writing, 0);

    private Task ReleaseWith(Task result)
    {
        Release();
        return result;
    }

    private async Task AwaitFlushAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            if (!(await flush).IsCompleted)
                return;
        }
        catch (OperationCanceledException)
        {
            call.Cancel("The caller cancelled a write.");
        }
        finally
        {
            Release();
        }

        // The body is not read any more: the call has ended, or is about to, and then says why.
        await call.ResponseArrivedAsync();
        if (!call.HasEnded)
        {
            throw new RpcException(TransportFailure.ToStatus(
                content.Failure ?? new IOException("The server reads no more requests.")));
        }

        throw CallEnded();
    }

    private Exception CallEnded() => call.GetStatus().StatusCode == StatusCode.OK
        ? new InvalidOperationException("The call has ended; no more requests can be written.")
        : call.CreateException();
}
