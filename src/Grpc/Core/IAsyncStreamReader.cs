namespace Grpc.Core;

/// <summary>A stream of received messages. One reader at a time.</summary>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message that the last <see cref="MoveNext"/> found.</summary>
    T Current { get; }

    /// <summary>Waits for the next message; false at the end of the stream.</summary>
    /// <exception cref="RpcException">Client: the call failed. Server: the client broke the protocol.</exception>
    /// <exception cref="OperationCanceledException">On a server: the call was cancelled.</exception>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}
