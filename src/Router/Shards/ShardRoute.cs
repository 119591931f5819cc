using System.Collections.Immutable;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Router.Workspaces;

namespace Rag.Router.Shards;

/// <summary>
/// A workspace's partitions by the shards that hold them. Targets are shared by all requests and never changed.
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

    /// <summary>All partitions, one group for each shard.</summary>
    public ImmutableArray<ShardGroup> Groups { get; }

    public static ShardRoute Of(KnownWorkspace workspace, ClusterTopology topology) =>
        new(workspace, topology, Group(workspace, workspace.Partitions, topology));

    /// <summary>Some partitions of a workspace, one group for each shard, in the order of the partitions.</summary>
    public static ImmutableArray<ShardGroup> Group(
        KnownWorkspace workspace, ImmutableArray<int> partitions, ClusterTopology topology)
    {
        var byShard = new Dictionary<string, (ShardNode Node, List<int> Partitions)>(StringComparer.Ordinal);
        foreach (var partition in partitions)
        {
            var node = topology.OwnerOf(partition);
            if (!byShard.TryGetValue(node.Name, out var group))
                byShard.Add(node.Name, group = (node, []));
            group.Partitions.Add(partition);
        }

        var groups = ImmutableArray.CreateBuilder<ShardGroup>(byShard.Count);
        foreach (var (node, held) in byShard.Values)
            groups.Add(new ShardGroup(node, [.. held], TargetOf(workspace, topology, held)));
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

/// <summary>Partitions of one workspace on one shard.</summary>
/// <param name="Target">What requests name them by; never changed.</param>
internal sealed record ShardGroup(ShardNode Shard, ImmutableArray<int> Partitions, Target Target);
