using System.Collections.Immutable;

namespace Rag.Hosting.Topology;

/// <summary>
/// A change of a topology in the making. Nothing is checked before <see cref="Build"/>, so steps in between may
/// contradict one another. Not thread-safe.
/// </summary>
public sealed class TopologyEdit
{
    private readonly ClusterTopology _former;
    private readonly List<ShardNode> _shards;
    private readonly Dictionary<int, ImmutableArray<Replica>> _changed = [];

    internal TopologyEdit(ClusterTopology former)
    {
        _former = former;
        _shards = [.. former.Shards];
        ReplicationFactor = former.ReplicationFactor;
    }

    /// <summary>Replicas that a partition is to have. 1 to 7.</summary>
    public int ReplicationFactor { get; set; }

    /// <summary>All shards, as changed so far.</summary>
    public IReadOnlyList<ShardNode> Shards => _shards;

    /// <summary>A partition's replicas, as changed so far.</summary>
    public ImmutableArray<Replica> ReplicasOf(int partition) =>
        _changed.TryGetValue(partition, out var replicas) ? replicas : _former.ReplicasOf(partition);

    /// <summary>Adds a shard, or replaces the one of its name: another address or weight. It gets no replicas by this.</summary>
    public void PutShard(ShardNode shard)
    {
        ArgumentNullException.ThrowIfNull(shard);
        var at = _shards.FindIndex(other => other.Name == shard.Name);
        if (at < 0)
            _shards.Add(shard);
        else
            _shards[at] = shard;
    }

    /// <summary>Takes a shard out; <see cref="Build"/> refuses that while it holds replicas.</summary>
    public void RemoveShard(string name) => _shards.RemoveAll(shard => shard.Name == name);

    /// <summary>Gives a shard's replica this state; one that is not there yet goes behind the others.</summary>
    /// <exception cref="ArgumentException">There is no such shard.</exception>
    public void SetReplica(int partition, string shardName, ReplicaState state)
    {
        var shard = _shards.Find(shard => shard.Name == shardName)
            ?? throw new ArgumentException($"The topology has no shard {shardName}.", nameof(shardName));
        var replicas = ReplicasOf(partition);
        var at = IndexOf(replicas, shardName);
        var replica = new Replica(shard, state);
        _changed[partition] = at < 0 ? replicas.Add(replica) : replicas.SetItem(at, replica);
    }

    /// <summary>Drops a shard's replica; nothing happens where it has none.</summary>
    public void RemoveReplica(int partition, string shardName)
    {
        var replicas = ReplicasOf(partition);
        var at = IndexOf(replicas, shardName);
        if (at >= 0)
            _changed[partition] = replicas.RemoveAt(at);
    }

    /// <summary>Puts replicas into the order of these shards; those of others come behind, in the order that they have.</summary>
    public void OrderReplicas(int partition, ImmutableArray<ShardNode> order) =>
        _changed[partition] = [.. ReplicasOf(partition).OrderBy(replica => Rank(replica.Shard.Name, order))];

    /// <summary>The changed topology, of the next version.</summary>
    /// <exception cref="InvalidTopologyException">It contradicts itself; all faults are named.</exception>
    public ClusterTopology Build()
    {
        var faults = new List<string>();
        var shards = _shards.DistinctBy(shard => shard.Name).ToDictionary(shard => shard.Name, StringComparer.Ordinal);
        var replicas = new ImmutableArray<Replica>[_former.Partitions];
        for (var partition = 0; partition < replicas.Length; partition++)
            replicas[partition] = Renewed(partition, ReplicasOf(partition), shards, faults);
        return TopologyRules.Build(
            _former.ClusterId, _former.Version + 1, _former.Partitions, ReplicationFactor, [.. _shards], replicas, faults);
    }

    /// <summary>Replicas refer to shards as they are now, not as they were when the replicas were placed.</summary>
    private static ImmutableArray<Replica> Renewed(
        int partition, ImmutableArray<Replica> replicas, Dictionary<string, ShardNode> shards, List<string> faults)
    {
        var changed = false;
        foreach (var replica in replicas)
        {
            if (!shards.TryGetValue(replica.Shard.Name, out var shard))
                faults.Add($"shard {replica.Shard.Name} still holds partition {partition}");
            else
                changed |= !ReferenceEquals(shard, replica.Shard);
        }

        return !changed
            ? replicas
            : [.. replicas.Select(replica => replica with { Shard = shards.GetValueOrDefault(replica.Shard.Name, replica.Shard) })];
    }

    private static int IndexOf(ImmutableArray<Replica> replicas, string shardName)
    {
        for (var i = 0; i < replicas.Length; i++)
        {
            if (replicas[i].Shard.Name == shardName)
                return i;
        }

        return -1;
    }

    private static int Rank(string name, ImmutableArray<ShardNode> order)
    {
        for (var i = 0; i < order.Length; i++)
        {
            if (order[i].Name == name)
                return i;
        }

        return int.MaxValue;
    }
}
