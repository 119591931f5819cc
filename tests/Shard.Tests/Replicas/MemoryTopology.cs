using Microsoft.Extensions.Primitives;
using Rag.Hosting.Topology;

namespace Rag.Shard.Tests.Replicas;

/// <summary>A topology that a test and its shards change.</summary>
internal sealed class MemoryTopology(ClusterTopology first) : ITopologyStore
{
    private readonly Lock _lock = new();
    private CancellationTokenSource _changed = new();
    private volatile ClusterTopology _current = first;

    public ClusterTopology Current => _current;

    public IChangeToken Watch() => new CancellationChangeToken(Volatile.Read(ref _changed).Token);

    public ValueTask<ClusterTopology> ChangeAsync(
        Func<ClusterTopology, ClusterTopology?> change, CancellationToken cancellationToken = default)
    {
        CancellationTokenSource changed;
        lock (_lock)
        {
            if (change(_current) is not { } next)
                return new ValueTask<ClusterTopology>(_current);
            _current = next;
            changed = Interlocked.Exchange(ref _changed, new CancellationTokenSource());
        }

        changed.Cancel();
        return new ValueTask<ClusterTopology>(_current);
    }

    public void Set(int partition, string shard, ReplicaState? state) => ChangeAsync(newest =>
    {
        var edit = newest.Edit();
        if (state is { } known)
            edit.SetReplica(partition, shard, known);
        else
            edit.RemoveReplica(partition, shard);
        return edit.Build();
    }).AsTask().GetAwaiter().GetResult();
}
