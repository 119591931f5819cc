using System.Collections.Immutable;
using Google.Protobuf;
using Rag.Hosting.Topology;
using Rag.Metadata;
using Rag.Router.Shards;
using Rag.V1;

namespace Rag.Router.Workspaces;

/// <summary>
/// A workspace's settings as a router uses them, with the way to its shards. Immutable but for the cached route; never
/// change <see cref="Settings"/>.
/// </summary>
internal sealed class KnownWorkspace
{
    private volatile ShardRoute? _route;

    public KnownWorkspace(WorkspaceRecord record, Workspace settings, long settingsVersion)
    {
        Record = record;
        Settings = settings;
        SettingsVersion = settingsVersion;
        Partitions = [.. settings.Partitions];
        UidBytes = ByteString.CopyFrom(record.Uid.ToByteArray(bigEndian: true));
    }

    public WorkspaceRecord Record { get; }

    public Guid Uid => Record.Uid;

    /// <summary>The uid as requests to shards carry it.</summary>
    public ByteString UidBytes { get; }

    public string Name => Record.Name;

    /// <summary>All settings, complete with defaults.</summary>
    public Workspace Settings { get; }

    /// <summary>The version that requests to shards are made for.</summary>
    public long SettingsVersion { get; }

    /// <summary>The partition of each bucket.</summary>
    public ImmutableArray<int> Partitions { get; }

    /// <summary>Its spaces' names in words, for messages.</summary>
    public string SpaceNames =>
        "it has " + string.Join(", ", Settings.Spaces.Select(static space => $"'{space.Name}'"));

    /// <summary>The bucket that a document belongs to.</summary>
    public int BucketOf(string documentId) => Placement.BucketOf(documentId, Partitions.Length);

    public VectorSpace? FindSpace(string name)
    {
        var spaces = Settings.Spaces;
        for (var i = 0; i < spaces.Count; i++)
        {
            if (spaces[i].Name == name)
                return spaces[i];
        }

        return null;
    }

    /// <summary>The way to its shards under a topology; computed once for each.</summary>
    public ShardRoute RouteUnder(ClusterTopology topology)
    {
        var route = _route;
        if (route is not null && ReferenceEquals(route.Topology, topology))
            return route;
        return _route = ShardRoute.Of(this, topology);
    }

    /// <summary>
    /// The same workspace, asked for under the settings that its shards had before the change on its way.
    /// </summary>
    public KnownWorkspace AsApplied() => new(Record, Settings, Record.AppliedVersion);

    /// <summary>Same data in the same places: a request that was made for one is right for the other.</summary>
    public bool IsSamePlace(KnownWorkspace other) =>
        Uid == other.Uid && Partitions.AsSpan().SequenceEqual(other.Partitions.AsSpan());
}
