using Grpc.Core;

namespace Grpc.Net.InProcess;

/// <summary>The client's side of the requests. One write at a time.</summary>
internal sealed class InProcessClientWriter<T>(InProcessStream<T> stream, IInProcessCall call) : IClientStreamWriter<T>
    where T : class
{
    private bool _completed;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_completed)
            throw new InvalidOperationException("The request stream was completed before.");
        stream.BeginWrite();
        if (cancellationToken.IsCancellationRequested)
            call.Cancel("The caller cancelled a write.");
        if (!stream.TryWrite(message))
            return WaitAsync(message, cancellationToken);
        stream.EndWrite();
        return Task.CompletedTask;
    }

    public Task CompleteAsync()
    {
        if (_completed)
            throw new InvalidOperationException("The request stream was completed before.");
        _completed = true;
        stream.Close();
        return Task.CompletedTask;
    }

    private async Task WaitAsync(T message, CancellationToken cancellationToken)
    {
        var registration = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(
                static state => ((IInProcessCall)state!).Cancel("The caller cancelled a write."), call)
            : default;
        try
        {
            if (await stream.WriteAsync(message))
                return;
        }
        finally
        {
            registration.Unregister();
            stream.EndWrite();
        }

        if (call.HasEnded && call.GetStatus().StatusCode != StatusCode.OK)
            throw call.CreateException();
        throw new InvalidOperationException("The server has ended the call; no more requests can be written.");
    }
}
