using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>What replication needs of a shard's store; see <see cref="ShardStore"/>. Thread-safe.</summary>
internal interface IReplicaStore
{
    WriteStamp LastStamp(int partition);

    Task ApplyAsync(IReadOnlyList<OrderedMutation> mutations);

    Task<bool> ReadTailAsync(
        int partition, WriteStamp after, Func<OrderedMutation, Task> show, CancellationToken cancellationToken);

    Task<bool> RollBackAsync(int partition, WriteStamp after, CancellationToken cancellationToken);

    WriteStamp SnapshotStamp(int partition);

    void ForgetTombstones(int partition, WriteStamp upTo);

    Task CheckpointAsync(CancellationToken cancellationToken);
}

/// <inheritdoc/>
internal sealed class ReplicaStore(ShardStore store) : IReplicaStore
{
    public WriteStamp LastStamp(int partition) => store.LastStamp(partition);

    public Task ApplyAsync(IReadOnlyList<OrderedMutation> mutations) => store.ApplyAsync(mutations);

    public Task<bool> ReadTailAsync(
        int partition, WriteStamp after, Func<OrderedMutation, Task> show, CancellationToken cancellationToken) =>
        store.ReadTailAsync(partition, after, show, cancellationToken);

    public Task<bool> RollBackAsync(int partition, WriteStamp after, CancellationToken cancellationToken) =>
        store.RollBackAsync(partition, after, cancellationToken);

    public WriteStamp SnapshotStamp(int partition) => store.SnapshotStamp(partition);

    public void ForgetTombstones(int partition, WriteStamp upTo) => store.ForgetTombstones(partition, upTo);

    public Task CheckpointAsync(CancellationToken cancellationToken) => store.CheckpointAsync(cancellationToken);
}
