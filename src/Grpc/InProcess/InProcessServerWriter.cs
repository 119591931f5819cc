using Grpc.Core;

namespace Grpc.Net.InProcess;

/// <summary>The handler's side of the responses. One write at a time.</summary>
internal sealed class InProcessServerWriter<T>(InProcessStream<T> stream, IInProcessCall call) : IServerStreamWriter<T>
    where T : class
{
    private bool _started;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken);
        if (call.HasEnded)
            return Task.FromCanceled(call.Cancelled.IsCancellationRequested ? call.Cancelled : new(true));
        stream.BeginWrite();
        if (!_started)
        {
            _started = true;
            call.SetResponseHeaders(Metadata.Empty);
        }

        if (!stream.TryWrite(message))
            return WaitAsync(message, cancellationToken);
        stream.EndWrite();
        return Task.CompletedTask;
    }

    private async Task WaitAsync(T message, CancellationToken cancellationToken)
    {
        try
        {
            var write = stream.WriteAsync(message);
            var own = cancellationToken.CanBeCanceled && cancellationToken != call.Cancelled;
            if (own ? await write.AsTask().WaitAsync(cancellationToken) : await write)
                return;
        }
        finally
        {
            stream.EndWrite();
        }

        call.Cancelled.ThrowIfCancellationRequested();
        throw new InvalidOperationException("The call has ended; nothing can be written any more.");
    }
}
