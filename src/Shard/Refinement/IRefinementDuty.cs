using Rag.Hosting.Topology;

namespace Rag.Shard.Refinement;

/// <summary>Which of the shards that hold a partition refines it: one of them, or work is done twice.</summary>
internal interface IRefinementDuty
{
    /// <summary>Whether it is this one.</summary>
    bool IsOurs(int partition);
}

/// <summary>The first ready replica in the topology refines; where there is a single shard, that is always it.</summary>
internal sealed class TopologyDuty(ITopologySource topology, ShardOptions options) : IRefinementDuty
{
    public bool IsOurs(int partition)
    {
        var current = topology.Current;
        return (uint)partition < (uint)current.Partitions && current.OwnerOf(partition).Name == options.Name;
    }
}
