using Rag.Engine;
using Rag.Shard.Replication;

namespace Rag.Shard.Tests.Replication;

/// <summary>A store that keeps the list of what was applied, and snapshots of it as places.</summary>
internal sealed class FakeReplicaStore : IReplicaStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, List<OrderedMutation>> _applied = [];
    private readonly Dictionary<int, WriteStamp> _snapshots = [];

    /// <summary>Told of each mutation that is applied.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>Every apply fails while set.</summary>
    public volatile StoreException? Failure;

    public List<OrderedMutation> Applied(int partition)
    {
        lock (_lock)
            return [.. Of(partition)];
    }

    public WriteStamp LastStamp(int partition)
    {
        lock (_lock)
            return Of(partition).LastOrDefault().Stamp;
    }

    public Task ApplyAsync(IReadOnlyList<OrderedMutation> mutations)
    {
        if (Failure is { } failure)
            throw failure;
        lock (_lock)
        {
            foreach (var mutation in mutations)
            {
                mutation.Stamp.ShouldBeGreaterThan(Of(mutation.Slice.Partition).LastOrDefault().Stamp);
                Trace?.Invoke($"applied {mutation.Slice.Partition} {mutation.Stamp} {mutation.MutationId}");
                Of(mutation.Slice.Partition).Add(mutation with { Payload = mutation.Payload.ToArray() });
            }
        }

        return Task.CompletedTask;
    }

    public async Task<bool> ReadTailAsync(
        int partition, WriteStamp after, Func<OrderedMutation, Task> show, CancellationToken cancellationToken)
    {
        foreach (var mutation in Applied(partition).Where(mutation => mutation.Stamp > after))
            await show(mutation);
        return true;
    }

    public Task<bool> RollBackAsync(int partition, WriteStamp after, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_snapshots.GetValueOrDefault(partition) > after)
                return Task.FromResult(false);
            Of(partition).RemoveAll(mutation => mutation.Stamp > after);
            return Task.FromResult(true);
        }
    }

    /// <summary>Takes over all that another store has of a partition.</summary>
    public void CopyFrom(FakeReplicaStore other, int partition)
    {
        var copy = other.Applied(partition);
        lock (_lock)
        {
            _applied[partition] = copy;
            _snapshots[partition] = copy.LastOrDefault().Stamp;
        }
    }

    public WriteStamp SnapshotStamp(int partition)
    {
        lock (_lock)
            return _snapshots.GetValueOrDefault(partition);
    }

    public void ForgetTombstones(int partition, WriteStamp upTo)
    {
    }

    public Task CheckpointAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            foreach (var (partition, applied) in _applied)
                _snapshots[partition] = applied.LastOrDefault().Stamp;
        }

        return Task.CompletedTask;
    }

    private List<OrderedMutation> Of(int partition) =>
        _applied.TryGetValue(partition, out var applied) ? applied : _applied[partition] = [];
}
