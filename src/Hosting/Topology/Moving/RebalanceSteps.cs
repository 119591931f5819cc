namespace Rag.Hosting.Topology.Moving;

/// <summary>
/// Makes the next step of a rebalance when it is due. There is no lease on it: a step is a function of the topology, and
/// the store takes one of several that are made at once, so a second process that steps too costs a lost race and
/// nothing else, where a lease would cost a wait after each death of its holder. The only thing that a process knows for
/// itself is for how long it has seen a replica leave. Not thread-safe.
/// </summary>
public sealed class RebalanceSteps(ITopologyStore store, RebalanceOptions options, TimeProvider time)
{
    private readonly Dictionary<(int Partition, string Shard), long> _leavingSince = [];

    /// <summary>Makes a step where one is due.</summary>
    /// <returns>Whether the topology was changed.</returns>
    /// <exception cref="TopologyUnavailableException">The topology cannot be changed just now.</exception>
    public async ValueTask<bool> StepAsync(CancellationToken cancellationToken)
    {
        Observe(store.Current);
        // What is known here tells that there is something to do; what is newest decides what.
        if (Next(store.Current) is null)
            return false;
        var changed = false;
        await store.ChangeAsync(
            topology =>
            {
                var next = Next(topology);
                changed = next is not null;
                return next;
            },
            cancellationToken);
        return changed;
    }

    private ClusterTopology? Next(ClusterTopology topology) => Rebalance.Next(topology, options.MaxJoiningPerShard, MayDrop);

    private bool MayDrop(int partition, string shard) =>
        _leavingSince.TryGetValue((partition, shard), out var since) && time.GetElapsedTime(since) >= options.LeavingTime;

    private void Observe(ClusterTopology topology)
    {
        foreach (var key in _leavingSince.Keys.Where(key => !IsLeaving(topology, key)).ToList())
            _leavingSince.Remove(key);
        for (var partition = 0; partition < topology.Partitions; partition++)
        {
            foreach (var replica in topology.ReplicasOf(partition))
            {
                if (replica.State == ReplicaState.Leaving)
                    _leavingSince.TryAdd((partition, replica.Shard.Name), time.GetTimestamp());
            }
        }
    }

    private static bool IsLeaving(ClusterTopology topology, (int Partition, string Shard) key) =>
        topology.FindReplica(key.Shard, key.Partition) is { State: ReplicaState.Leaving };
}
