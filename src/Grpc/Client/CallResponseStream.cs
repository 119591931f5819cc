using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>The responses of a streaming call. One reader at a time.</summary>
internal sealed class CallResponseStream<TRequest, TResponse>(HttpCall<TRequest, TResponse> call)
    : IAsyncStreamReader<TResponse>
    where TRequest : class
    where TResponse : class
{
    private static readonly Task<bool> True = Task.FromResult(true);

    private TResponse? _current;
    private int _reading;

    public TResponse Current => _current ?? throw new InvalidOperationException("There is no current message.");

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _reading, 1) != 0)
            throw new InvalidOperationException("One reader at a time: await the previous MoveNext first.");
        if (call.Reader is { } reader && !call.HasEnded && !cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (reader.TryReadBuffered(out var message))
                {
                    _current = message;
                    Volatile.Write(ref _reading, 0);
                    return True;
                }
            }
            catch (RpcException e)
            {
                call.Fail(e);
            }
        }

        return WaitAsync(cancellationToken);
    }

    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        _current = null;
        var registration = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(
                static state => ((HttpCall<TRequest, TResponse>)state!).Cancel("The caller cancelled a read."), call)
            : default;
        try
        {
            if (!call.HasEnded && await call.ResponseArrivedAsync() && await ReadAsync())
                return true;
            return call.GetStatus().StatusCode == StatusCode.OK ? false : throw call.CreateException();
        }
        finally
        {
            registration.Unregister();
            Volatile.Write(ref _reading, 0);
        }
    }

    private async ValueTask<bool> ReadAsync()
    {
        try
        {
            if (await call.Reader!.WaitAsync(call.Ended) && call.Reader.TryReadBuffered(out var message))
            {
                _current = message;
                return true;
            }

            call.EndWithTrailers();
        }
        catch (Exception e)
        {
            call.Fail(e);
        }

        call.Reader!.Complete();
        return false;
    }
}
