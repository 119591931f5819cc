using System.Collections.Immutable;

namespace Rag.Hosting.Topology;

/// <summary>
/// Which shard holds which replica of which partition, and in which state: an immutable, versioned snapshot. Changing
/// it (<see cref="Edit"/>) makes a new one with a higher version; readers keep the one they started with.
/// </summary>
public sealed class ClusterTopology
{
    /// <summary>Number of partitions of a cluster unless said otherwise, in the embedded default too.</summary>
    public const int DefaultPartitions = 256;

    /// <summary>Most partitions that a cluster may have.</summary>
    public const int MaxPartitions = 65_536;

    /// <summary>Most shards that a cluster may have.</summary>
    public const int MaxShards = 4096;

    /// <summary>Most replicas that a partition may have when nothing moves.</summary>
    public const int MaxReplicationFactor = 7;

    /// <summary>Most replicas of one partition, those that join and leave included.</summary>
    public const int MaxReplicas = 2 * MaxReplicationFactor;

    private readonly ImmutableArray<ImmutableArray<Replica>> _replicas;
    private readonly ShardNode[] _owners;
    private readonly Dictionary<string, ShardNode> _byName;

    /// <summary>Takes what <see cref="TopologyRules"/> has found to be right.</summary>
    internal ClusterTopology(
        string clusterId, long version, int replicationFactor, ImmutableArray<ShardNode> shards,
        ImmutableArray<ImmutableArray<Replica>> replicas)
    {
        ClusterId = clusterId;
        Version = version;
        ReplicationFactor = replicationFactor;
        Shards = shards;
        _replicas = replicas;
        _owners = [.. replicas.Select(static list => list.First(static replica => replica.State == ReplicaState.Ready).Shard)];
        _byName = shards.ToDictionary(static shard => shard.Name, StringComparer.Ordinal);
    }

    /// <summary>Tells this cluster's data from another one's; empty where the topology names none.</summary>
    public string ClusterId { get; }

    /// <summary>Rises with every change, from 1.</summary>
    public long Version { get; }

    /// <summary>P: the number of hash buckets that workspaces are placed in. A power of two, fixed for ever.</summary>
    public int Partitions => _replicas.Length;

    /// <summary>Replicas that a partition is to have, where there are shards enough. 1 to 7.</summary>
    public int ReplicationFactor { get; }

    /// <summary>All shards, those without replicas too.</summary>
    public ImmutableArray<ShardNode> Shards { get; }

    /// <summary>
    /// All replicas of a partition (0 to <see cref="Partitions"/> − 1) in every state, the preferred one first; at least
    /// one is ready.
    /// </summary>
    public ImmutableArray<Replica> ReplicasOf(int partition) => _replicas[partition];

    /// <summary>The shard of a partition's first ready replica.</summary>
    public ShardNode OwnerOf(int partition) => _owners[partition];

    /// <summary>A shard's replica of a partition, or null where it has none or there is no such partition.</summary>
    public Replica? FindReplica(string shardName, int partition)
    {
        if ((uint)partition >= (uint)_replicas.Length)
            return null;
        foreach (var replica in _replicas[partition])
        {
            if (string.Equals(replica.Shard.Name, shardName, StringComparison.Ordinal))
                return replica;
        }

        return null;
    }

    /// <summary>Whether the shard of this name answers for the partition: its replica is ready, or leaving.</summary>
    public bool Holds(string shardName, int partition) => FindReplica(shardName, partition) is { Serves: true };

    /// <summary>A shard by its name, or null.</summary>
    public ShardNode? FindShard(string name) => _byName.GetValueOrDefault(name);

    /// <summary>
    /// Where a partition's replicas should be by rendezvous hashing, best first: as many shards as the replication
    /// factor says, fewer only where there are not so many.
    /// </summary>
    public ImmutableArray<ShardNode> TargetOf(int partition) => RendezvousHash.Choose(partition, Shards, ReplicationFactor);

    /// <summary>The same, of a cluster of this id: for the first topology of a cluster.</summary>
    /// <exception cref="InvalidTopologyException">It is no id.</exception>
    public ClusterTopology OfCluster(string clusterId) =>
        TopologyRules.Build(clusterId, Version, Partitions, ReplicationFactor, Shards, _replicas);

    /// <summary>Begins a change of it.</summary>
    public TopologyEdit Edit() => new(this);

    /// <summary>Why this may not take the place of a former topology of the same cluster, or null where it may.</summary>
    internal string? WhyNotAfter(ClusterTopology former)
    {
        if (Partitions != former.Partitions)
            return $"the number of partitions cannot change from {former.Partitions} to {Partitions}";
        if (ClusterId != former.ClusterId && former.ClusterId.Length > 0)
            return $"it is of cluster '{ClusterId}', not of '{former.ClusterId}'";
        return Version > former.Version ? null : $"its version {Version} must be above {former.Version}";
    }

    /// <summary>As JSON that <see cref="Parse"/> reads; the format is that of <see cref="TopologyFile"/>.</summary>
    public string ToJson() => TopologyDocument.Of(this).ToJson();

    /// <summary>Reads and checks a topology.</summary>
    /// <exception cref="InvalidTopologyException">It is not JSON of this form, or contradicts itself.</exception>
    public static ClusterTopology Parse(string json) => TopologyDocument.Parse(json);

    /// <summary>One shard that holds every partition: the embedded default.</summary>
    public static ClusterTopology Embedded(int partitions = DefaultPartitions) =>
        Balanced(1, partitions, [new ShardNode("shard-0", new Uri("inprocess://shard-0"))]);

    /// <summary>Gives each partition's replicas to shards by rendezvous hashing, all of them ready: a new cluster.</summary>
    /// <exception cref="InvalidTopologyException">It contradicts itself; all faults are named.</exception>
    public static ClusterTopology Balanced(
        long version, int partitions, ImmutableArray<ShardNode> shards, int replicationFactor = 1, string clusterId = "") =>
        TopologyRules.Build(clusterId, version, partitions, replicationFactor, shards, replicas: null);
}
