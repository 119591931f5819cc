using Grpc.Core;

namespace Grpc.Net.InProcess;

/// <summary>The client's side of the responses. One reader at a time.</summary>
internal sealed class InProcessClientReader<T>(InProcessStream<T> stream, IInProcessCall call) : IAsyncStreamReader<T>
    where T : class
{
    private static readonly Task<bool> True = Task.FromResult(true);

    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("There is no current message.");

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            call.Cancel("The caller cancelled a read.");
        if (!call.HasEnded && stream.TryRead(out var message))
        {
            _current = message;
            return True;
        }

        return WaitAsync(cancellationToken);
    }

    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        _current = null;
        var registration = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(
                static state => ((IInProcessCall)state!).Cancel("The caller cancelled a read."), call)
            : default;
        try
        {
            while (!call.HasEnded && await stream.WaitToReadAsync())
            {
                if (call.HasEnded || !stream.TryRead(out var message))
                    continue;
                _current = message;
                return true;
            }
        }
        finally
        {
            registration.Unregister();
        }

        call.EndFromHandler();
        return call.GetStatus().StatusCode == StatusCode.OK ? false : throw call.CreateException();
    }
}
