namespace Grpc.Core;

/// <summary>
/// A stream of messages to the peer. One write at a time; a write is over when there is room for the next one, which
/// is how a slow peer slows its sender down.
/// </summary>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>Options of the writes from now on; null for the call's own.</summary>
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Writes a message.</summary>
    Task WriteAsync(T message);

    /// <summary>Writes a message; cancelling gives the call up, since half a message cannot be taken back.</summary>
    Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
            throw new NotSupportedException("This stream cannot cancel a write.");
        return WriteAsync(message);
    }
}

/// <summary>The requests of a streaming call.</summary>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Half-closes: there will be no more requests; responses may go on.</summary>
    Task CompleteAsync();
}

/// <summary>The responses of a streaming call. It ends when the handler returns.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>;
