namespace Rag.Hosting.Topology.Moving;

/// <summary>
/// What an operator asks of a topology: which shards there are and how many replicas. Where replicas are stays as it is;
/// <see cref="Rebalance"/> moves them afterwards. Each gives the next version, or null where it is so already.
/// </summary>
public static class TopologyWishes
{
    /// <summary>There is a shard of this name, with this address and weight.</summary>
    public static ClusterTopology? PutShard(ClusterTopology topology, ShardNode shard)
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(shard);
        if (topology.FindShard(shard.Name) == shard)
            return null;
        var edit = topology.Edit();
        edit.PutShard(shard);
        return edit.Build();
    }

    /// <summary>All replicas move away from a shard, which stays in the topology.</summary>
    /// <exception cref="InvalidTopologyException">There is no such shard, or no other that could take them.</exception>
    public static ClusterTopology? Drain(ClusterTopology topology, string name) =>
        WithoutReplicas(topology, Find(topology, name) with { Weight = 0 });

    /// <summary>All replicas move away from a shard, which then leaves the topology.</summary>
    /// <exception cref="InvalidTopologyException">There is no such shard, or no other that could take them.</exception>
    public static ClusterTopology? Remove(ClusterTopology topology, string name) =>
        WithoutReplicas(topology, Find(topology, name) with { IsLeaving = true });

    /// <summary>Shards, weights and replication factor are as another topology has them; shards that it lacks leave.</summary>
    /// <exception cref="InvalidTopologyException">It is of another cluster, or has another number of partitions.</exception>
    public static ClusterTopology? Follow(ClusterTopology topology, ClusterTopology wanted)
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(wanted);
        if (wanted.Partitions != topology.Partitions)
            throw new InvalidTopologyException($"The number of partitions cannot change from {topology.Partitions} to {wanted.Partitions}.");
        if (wanted.ClusterId.Length > 0 && topology.ClusterId.Length > 0 && wanted.ClusterId != topology.ClusterId)
            throw new InvalidTopologyException($"It is of cluster {wanted.ClusterId}, not of {topology.ClusterId}.");
        var edit = topology.Edit();
        foreach (var shard in wanted.Shards)
            edit.PutShard(shard);
        foreach (var shard in topology.Shards.Where(shard => wanted.FindShard(shard.Name) is null))
            edit.PutShard(shard with { IsLeaving = true });
        edit.ReplicationFactor = wanted.ReplicationFactor;
        return edit.ReplicationFactor == topology.ReplicationFactor && edit.Shards.SequenceEqual(topology.Shards) ? null : edit.Build();
    }

    private static ClusterTopology? WithoutReplicas(ClusterTopology topology, ShardNode shard)
    {
        if (!topology.Shards.Any(other => other.Name != shard.Name && other.IsEligible))
            throw new InvalidTopologyException($"No other shard could take the replicas of {shard.Name}: add one first.");
        return PutShard(topology, shard);
    }

    private static ShardNode Find(ClusterTopology topology, string name)
    {
        ArgumentNullException.ThrowIfNull(topology);
        return topology.FindShard(name) ?? throw new InvalidTopologyException(
            $"The topology has no shard {name}: it has {string.Join(", ", topology.Shards.Select(static shard => shard.Name))}.");
    }
}
