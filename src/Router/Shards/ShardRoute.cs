using System.Collections.Immutable;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Router.Workspaces;

namespace Rag.Router.Shards;

/// <summary>
/// A workspace's partitions by the shards that hold replicas of them. Targets are shared by all requests and never changed.
/// Immutable.
/// </summary>
internal sealed class ShardRoute
{
    private readonly KnownWorkspace _workspace;
    private readonly ShardGroup[] _byBucket;

    private ShardRoute(KnownWorkspace workspace, ClusterTopology topology, ImmutableArray<ShardGroup> groups)
    {
        _workspace = workspace;
        Topology = topology;
        Groups = groups;
        _byBucket = new ShardGroup[workspace.Partitions.Length];
    }

    public ClusterTopology Topology { get; }

    /// <summary>All partitions, one group for each set of replicas.</summary>
    public ImmutableArray<ShardGroup> Groups { get; }

    public static ShardRoute Of(KnownWorkspace workspace, ClusterTopology topology) =>
        new(workspace, topology, Group(workspace, workspace.Partitions, topology));

    /// <summary>Some partitions of a workspace, one group for each set of replicas, in the order of the
    /// partitions.</summary>
    public static ImmutableArray<ShardGroup> Group(
        KnownWorkspace workspace, ImmutableArray<int> partitions, ClusterTopology topology)
    {
        var byReplicas = new List<(ImmutableArray<ShardNode> Replicas, List<int> Partitions)>();
        foreach (var partition in partitions)
        {
            var replicas = ReadyReplicas.Of(topology, partition);
            var found = byReplicas.FindIndex(group => group.Replicas.AsSpan().SequenceEqual(replicas.AsSpan()));
            if (found >= 0)
                byReplicas[found].Partitions.Add(partition);
            else
                byReplicas.Add((replicas, [partition]));
        }

        var groups = ImmutableArray.CreateBuilder<ShardGroup>(byReplicas.Count);
        foreach (var (replicas, held) in byReplicas)
            groups.Add(new ShardGroup(replicas, [.. held], TargetOf(workspace, topology, held)));
        return groups.MoveToImmutable();
    }

    /// <summary>The one partition of a bucket.</summary>
    public ShardGroup OfBucket(int bucket)
    {
        // Racing threads make equal groups: either will do.
        return _byBucket[bucket] ??= Group(_workspace, [_workspace.Partitions[bucket]], Topology)[0];
    }

    private static Target TargetOf(KnownWorkspace workspace, ClusterTopology topology, List<int> partitions)
    {
        var target = new Target
        {
            WorkspaceUid = workspace.UidBytes,
            SettingsVersion = workspace.SettingsVersion,
            TopologyVersion = topology.Version,
        };
        target.Partitions.AddRange(partitions);
        return target;
    }
}

/// <summary>Partitions of one workspace that the same shards hold.</summary>
/// <param name="Replicas">Shards that hold them and are ready; empty where none is.</param>
/// <param name="Target">What requests name them by; never changed.</param>
internal sealed record ShardGroup(
    ImmutableArray<ShardNode> Replicas, ImmutableArray<int> Partitions, Target Target)
{
    /// <summary>Their names, for messages.</summary>
    public string Names => Replicas.IsEmpty
        ? "No shard"
        : $"Shard{(Replicas.Length == 1 ? "" : "s")} {string.Join(", ", Replicas.Select(static node => node.Name))}";
}
