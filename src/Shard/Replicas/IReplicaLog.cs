using System.Collections.Immutable;

namespace Rag.Shard.Replicas;

/// <summary>
/// What keeps this shard's replicas up to date: the mutation log that all replicas of a partition share. Thread-safe.
/// </summary>
public interface IReplicaLog
{
    /// <summary>Partitions that are followed no more, since the log does not reach back to where they are, and why.</summary>
    IReadOnlyDictionary<int, string> FindBehind() => ImmutableDictionary<int, string>.Empty;

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
