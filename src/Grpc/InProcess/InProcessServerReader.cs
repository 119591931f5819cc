using Grpc.Core;

namespace Grpc.Net.InProcess;

/// <summary>The handler's side of the requests. One reader at a time.</summary>
internal sealed class InProcessServerReader<T>(InProcessStream<T> stream, IInProcessCall call) : IAsyncStreamReader<T>
    where T : class
{
    private static readonly Task<bool> True = Task.FromResult(true);

    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("There is no current message.");

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (!call.HasEnded && !cancellationToken.IsCancellationRequested && stream.TryRead(out var message))
        {
            _current = message;
            return True;
        }

        return WaitAsync(cancellationToken);
    }

    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        _current = null;
        call.Cancelled.ThrowIfCancellationRequested();
        // A token of the handler's own is rare; the call's needs no waiting on, since it closes the stream.
        var own = cancellationToken.CanBeCanceled && cancellationToken != call.Cancelled;
        while (own
            ? await stream.WaitToReadAsync().AsTask().WaitAsync(cancellationToken)
            : await stream.WaitToReadAsync())
        {
            call.Cancelled.ThrowIfCancellationRequested();
            if (!stream.TryRead(out var message))
                continue;
            _current = message;
            return true;
        }

        call.Cancelled.ThrowIfCancellationRequested();
        return false;
    }
}
