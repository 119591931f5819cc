using System.Collections.Immutable;
using Rag.Hosting.Topology;

namespace Rag.Router.Shards;

/// <summary>Which shards a partition may be asked of.</summary>
internal static class ReadyReplicas
{
    /// <summary>Those that hold a complete copy, by name: so partitions of the same shards are told by it.</summary>
    public static ImmutableArray<ShardNode> Of(ClusterTopology topology, int partition)
    {
        var replicas = topology.ReplicasOf(partition);
        if (replicas.Length == 1)
            return [replicas[0].Shard];
        return [.. replicas
            .Where(static replica => replica.State == ReplicaState.Ready)
            .Select(static replica => replica.Shard)
            .OrderBy(static shard => shard.Name, StringComparer.Ordinal)];
    }
}
