using System.Collections.Immutable;

namespace Rag.Hosting.Topology.Moving;

/// <summary>
/// The way from where replicas are to where rendezvous hashing wants them, in steps that are topologies. A step depends
/// on nothing but the topology that it follows: any process may make the next one, several may try at once (one wins),
/// and one that dies leaves nothing half done.
/// <code>
/// wanted, absent ──▶ Joining ──(its shard has copied it)──▶ Ready
/// Ready, not wanted ──(all wanted ones are Ready)──▶ Leaving ──(routers know)──▶ dropped
/// Joining, no longer wanted ──▶ dropped          Leaving, wanted again ──▶ Ready
/// </code>
/// </summary>
public static class Rebalance
{
    /// <summary>The next step.</summary>
    /// <param name="topology">Where replicas are.</param>
    /// <param name="maxJoiningPerShard">Most replicas that one shard copies at a time.</param>
    /// <param name="mayDrop">Whether a leaving replica (partition, shard) has left for long enough.</param>
    /// <returns>The next version; null where there is nothing to do, or only to wait for shards.</returns>
    public static ClusterTopology? Next(ClusterTopology topology, int maxJoiningPerShard, Func<int, string, bool> mayDrop)
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(mayDrop);
        var edit = topology.Edit();
        var joining = CountJoining(topology);
        var changed = false;
        for (var partition = 0; partition < topology.Partitions; partition++)
            changed |= Step(topology, edit, partition, joining, maxJoiningPerShard, mayDrop);
        foreach (var shard in topology.Shards.Where(static shard => shard.IsLeaving))
        {
            if (HoldsNothing(topology, edit, shard.Name))
            {
                edit.RemoveShard(shard.Name);
                changed = true;
            }
        }

        return changed ? edit.Build() : null;
    }

    /// <summary>Whether every replica is where it should be, and ready.</summary>
    public static bool IsSettled(ClusterTopology topology)
    {
        ArgumentNullException.ThrowIfNull(topology);
        return topology.Shards.All(static shard => !shard.IsLeaving)
            && Enumerable.Range(0, topology.Partitions).All(partition => IsSettled(topology, partition));
    }

    /// <summary>The copies that are still to be made, those under way included, in the order of partitions.</summary>
    public static IReadOnlyList<ReplicaMove> MovesOf(ClusterTopology topology)
    {
        ArgumentNullException.ThrowIfNull(topology);
        var moves = new List<ReplicaMove>();
        for (var partition = 0; partition < topology.Partitions; partition++)
        {
            var target = topology.TargetOf(partition);
            if (target.IsEmpty)
                continue;
            var replicas = topology.ReplicasOf(partition);
            var replaced = new Queue<string>(replicas
                .Where(replica => replica.State == ReplicaState.Ready && !IsIn(target, replica.Shard.Name))
                .Select(static replica => replica.Shard.Name));
            foreach (var shard in target)
            {
                if (topology.FindReplica(shard.Name, partition) is not { Serves: true })
                    moves.Add(new ReplicaMove(partition, topology.OwnerOf(partition).Name, shard.Name, replaced.TryDequeue(out var name) ? name : null));
            }
        }

        return moves;
    }

    private static bool IsSettled(ClusterTopology topology, int partition)
    {
        var target = topology.TargetOf(partition);
        var replicas = topology.ReplicasOf(partition);
        return replicas.All(replica => replica.State == ReplicaState.Ready && (target.IsEmpty || IsIn(target, replica.Shard.Name)))
            && (target.IsEmpty || replicas.Length == target.Length);
    }

    private static bool Step(
        ClusterTopology topology, TopologyEdit edit, int partition, Dictionary<string, int> joining, int maxJoiningPerShard,
        Func<int, string, bool> mayDrop)
    {
        var target = topology.TargetOf(partition);
        if (target.IsEmpty)
            return false;
        var changed = false;
        foreach (var replica in topology.ReplicasOf(partition))
        {
            var name = replica.Shard.Name;
            var isWanted = IsIn(target, name);
            if (replica.State == ReplicaState.Leaving && isWanted)
                edit.SetReplica(partition, name, ReplicaState.Ready);
            else if ((replica.State == ReplicaState.Joining && !isWanted)
                || (replica.State == ReplicaState.Leaving && mayDrop(partition, name)))
                edit.RemoveReplica(partition, name);
            else
                continue;
            changed = true;
        }

        var ready = 0;
        foreach (var shard in target)
        {
            var state = topology.FindReplica(shard.Name, partition)?.State;
            ready += state is ReplicaState.Ready or ReplicaState.Leaving ? 1 : 0;
            if (state is not null || joining[shard.Name] >= maxJoiningPerShard)
                continue;
            joining[shard.Name]++;
            edit.SetReplica(partition, shard.Name, ReplicaState.Joining);
            changed = true;
        }

        return (ready == target.Length && Switch(edit, partition, target)) || changed;
    }

    /// <summary>All wanted replicas are there: the others leave, and the preferred one comes first.</summary>
    private static bool Switch(TopologyEdit edit, int partition, ImmutableArray<ShardNode> target)
    {
        var before = edit.ReplicasOf(partition);
        foreach (var replica in before)
        {
            if (replica.State == ReplicaState.Ready && !IsIn(target, replica.Shard.Name))
                edit.SetReplica(partition, replica.Shard.Name, ReplicaState.Leaving);
        }

        edit.OrderReplicas(partition, target);
        return !edit.ReplicasOf(partition).SequenceEqual(before);
    }

    private static Dictionary<string, int> CountJoining(ClusterTopology topology)
    {
        var counts = topology.Shards.ToDictionary(static shard => shard.Name, static _ => 0, StringComparer.Ordinal);
        for (var partition = 0; partition < topology.Partitions; partition++)
        {
            foreach (var replica in topology.ReplicasOf(partition))
                counts[replica.Shard.Name] += replica.State == ReplicaState.Joining ? 1 : 0;
        }

        return counts;
    }

    private static bool HoldsNothing(ClusterTopology topology, TopologyEdit edit, string name)
    {
        for (var partition = 0; partition < topology.Partitions; partition++)
        {
            if (edit.ReplicasOf(partition).Any(replica => replica.Shard.Name == name))
                return false;
        }

        return true;
    }

    private static bool IsIn(ImmutableArray<ShardNode> shards, string name) => shards.Any(shard => shard.Name == name);
}
