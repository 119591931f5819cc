namespace Rag.Shard.Replicas;

/// <summary>
/// What keeps this shard's replicas up to date: the mutation log that all replicas of a partition share. Thread-safe.
/// </summary>
public interface IReplicaLog
{
    /// <summary>
    /// What this log knows of where the partition is now; goes with a copy that begins afterwards. Nothing, for a log that
    /// finds its place by the store's last position.
    /// </summary>
    byte[] FindPosition(int partition) => [];

    /// <summary>A copy has taken the place of the partition's data; following goes on behind it.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="position">What <see cref="FindPosition"/> said at the source before the copy began.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task ResumeAsync(int partition, byte[] position, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Begins to apply a partition's mutations, those behind the store's last position first, and goes on with it after
    /// the call. Ends when what was in the log at the call is applied. Nothing happens anew where it is followed already.
    /// </summary>
    /// <exception cref="ReplicaBehindException">The log does not have them any more.</exception>
    Task FollowAsync(int partition, CancellationToken cancellationToken);

    /// <summary>Ends that: when it returns nothing more of the partition is applied.</summary>
    Task LeaveAsync(int partition, CancellationToken cancellationToken);
}

/// <summary>The log does not reach back to where a replica is: it has to copy the partition from another one.</summary>
public sealed class ReplicaBehindException : Exception
{
    public ReplicaBehindException(string message)
        : base(message)
    {
    }

    public ReplicaBehindException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public ReplicaBehindException()
    {
    }
}

/// <summary>No log is shared: a copy is as its source was, and what is written there later does not come.</summary>
internal sealed class NoReplicaLog : IReplicaLog
{
    public Task FollowAsync(int partition, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task LeaveAsync(int partition, CancellationToken cancellationToken) => Task.CompletedTask;
}
