using System.Collections.Immutable;
using Rag.Hosting.Topology;

namespace Rag.Router.Shards;

/// <summary>Which shards a partition may be asked of.</summary>
internal static class ReadyReplicas
{
    /// <summary>Those that hold a complete copy, in an order that is the same for all partitions of the same set.</summary>
    public static ImmutableArray<ShardNode> Of(ClusterTopology topology, int partition) => [topology.OwnerOf(partition)];
}
