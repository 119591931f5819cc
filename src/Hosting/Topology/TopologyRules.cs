using System.Collections.Immutable;

namespace Rag.Hosting.Topology;

/// <summary>What every topology has to keep, wherever it comes from: each fault is named, all at once.</summary>
internal static class TopologyRules
{
    /// <param name="replicas">A list for each partition; null: rendezvous hashing, all ready.</param>
    /// <exception cref="InvalidTopologyException">It contradicts itself.</exception>
    public static ClusterTopology Build(
        string clusterId, long version, int partitions, int replicationFactor, ImmutableArray<ShardNode> shards,
        IReadOnlyList<ImmutableArray<Replica>>? replicas, List<string>? faults = null)
    {
        faults ??= [];
        if (version < 1)
            faults.Add("version must be at least 1");
        if (clusterId.Length > 0 && !ShardNode.IsName(clusterId))
            faults.Add("cluster must be 1 to 64 letters, digits, '-', '_' or '.'");
        if (partitions is < 1 or > ClusterTopology.MaxPartitions || (partitions & (partitions - 1)) != 0)
            faults.Add($"partitions must be a power of two from 1 to {ClusterTopology.MaxPartitions}");
        if (replicationFactor is < 1 or > ClusterTopology.MaxReplicationFactor)
            faults.Add($"replicationFactor must be 1 to {ClusterTopology.MaxReplicationFactor}");
        CheckShards(shards, faults);
        if (replicas is null && !shards.Any(static shard => shard.IsEligible))
            faults.Add("no shard has a weight above 0");
        ThrowIfAny(faults);
        replicas ??= [.. Enumerable.Range(0, partitions).Select(partition => Place(partition, shards, replicationFactor))];
        for (var partition = 0; partition < partitions; partition++)
            CheckReplicas(partition, replicas[partition], faults);
        ThrowIfAny(faults);
        return new ClusterTopology(clusterId, version, replicationFactor, shards, [.. replicas]);
    }

    /// <exception cref="InvalidTopologyException">There is a fault.</exception>
    public static void ThrowIfAny(List<string> faults)
    {
        const int most = 20;
        if (faults.Count == 0)
            return;
        var named = string.Join("; ", faults.Take(most)) + (faults.Count > most ? $"; and {faults.Count - most} more" : "");
        throw new InvalidTopologyException($"The topology is not usable: {named}.");
    }

    private static ImmutableArray<Replica> Place(int partition, ImmutableArray<ShardNode> shards, int replicationFactor) =>
        [.. RendezvousHash.Choose(partition, shards, replicationFactor).Select(shard => new Replica(shard, ReplicaState.Ready))];

    private static void CheckShards(ImmutableArray<ShardNode> shards, List<string> faults)
    {
        if (shards.Length is 0 or > ClusterTopology.MaxShards)
            faults.Add($"shards must name 1 to {ClusterTopology.MaxShards} shards");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var shard in shards)
        {
            if (!ShardNode.IsName(shard.Name))
                faults.Add($"shard name '{shard.Name}' must be 1 to 64 letters, digits, '-', '_' or '.'");
            else if (!names.Add(shard.Name))
                faults.Add($"shard {shard.Name} is named twice");
            if (shard.Weight is not (>= 0 and <= ShardNode.MaxWeight))
                faults.Add($"shard {shard.Name}: weight must be 0 to 1,000,000");
        }
    }

    private static void CheckReplicas(int partition, ImmutableArray<Replica> replicas, List<string> faults)
    {
        if (replicas.IsDefaultOrEmpty)
        {
            faults.Add($"placement gives partition {partition} to no shard");
            return;
        }

        if (replicas.Length > ClusterTopology.MaxReplicas)
            faults.Add($"partition {partition} has more than {ClusterTopology.MaxReplicas} replicas");
        if (!replicas.Any(static replica => replica.State == ReplicaState.Ready))
            faults.Add($"partition {partition} has no replica that is ready");
        for (var i = 1; i < replicas.Length; i++)
        {
            var name = replicas[i].Shard.Name;
            if (replicas.Take(i).Any(other => other.Shard.Name == name))
                faults.Add($"placement gives partition {partition} to {name} twice");
        }
    }
}
