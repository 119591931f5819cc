using System.Collections.Immutable;

namespace Rag.Hosting.Topology;

/// <summary>
/// Which shard holds which partition: an immutable, versioned snapshot. Changing it makes a new one with a higher
/// version; readers keep the one they started with.
/// </summary>
public sealed class ClusterTopology
{
    /// <summary>Number of partitions of a cluster unless said otherwise, in the embedded default too.</summary>
    public const int DefaultPartitions = 256;

    /// <summary>Most partitions that a cluster may have.</summary>
    public const int MaxPartitions = 65_536;

    private readonly ImmutableArray<ShardNode> _owners;

    internal ClusterTopology(long version, ImmutableArray<ShardNode> shards, ImmutableArray<ShardNode> owners)
    {
        Version = version;
        Shards = shards;
        _owners = owners;
    }

    public long Version { get; }

    /// <summary>P: the number of hash buckets that workspaces are placed in. A power of two, fixed for ever.</summary>
    public int Partitions => _owners.Length;

    public ImmutableArray<ShardNode> Shards { get; }

    /// <summary>The shard that holds a partition (0 to <see cref="Partitions"/> − 1).</summary>
    public ShardNode OwnerOf(int partition) => _owners[partition];

    /// <summary>Whether the shard of this name holds the partition.</summary>
    public bool Holds(string shardName, int partition) =>
        (uint)partition < (uint)_owners.Length
        && string.Equals(_owners[partition].Name, shardName, StringComparison.Ordinal);

    /// <summary>One shard that holds every partition: the embedded default.</summary>
    public static ClusterTopology Embedded(int partitions = DefaultPartitions)
    {
        var shard = new ShardNode("shard-0", new Uri("inprocess://shard-0"));
        return new ClusterTopology(1, [shard], [.. Enumerable.Repeat(shard, partitions)]);
    }

    /// <summary>Gives each partition to its shard by rendezvous hashing.</summary>
    public static ClusterTopology Balanced(long version, int partitions, ImmutableArray<ShardNode> shards)
    {
        var owners = ImmutableArray.CreateBuilder<ShardNode>(partitions);
        for (var partition = 0; partition < partitions; partition++)
            owners.Add(RendezvousHash.Choose(partition, shards));
        return new ClusterTopology(version, shards, owners.MoveToImmutable());
    }
}
