using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Shard.Errors;
using Rag.Shard.Mapping;

namespace Rag.Shard.Services;

/// <summary>
/// Checks that a request is for slices that this shard holds, under the settings that it knows. Nothing is read or
/// written before this. Thread-safe.
/// </summary>
internal sealed class SliceResolver(ShardStore store, ITopologySource topology, ShardOptions options)
{
    /// <summary>The slices of a request, with their settings.</summary>
    /// <exception cref="Grpc.Core.RpcException">FAILED_PRECONDITION with a reason in the trailers.</exception>
    public (SliceId[] Slices, WorkspaceSettings Settings) Resolve(Target? target)
    {
        var uid = ReadUid(target);
        if (target!.Partitions.Count == 0)
            throw new InvalidInputException("The target names no partition.");
        var slices = new SliceId[target.Partitions.Count];
        WorkspaceSettings? settings = null;
        for (var i = 0; i < slices.Length; i++)
        {
            slices[i] = new SliceId(uid, target.Partitions[i]);
            var recorded = Settings(slices[i], target.SettingsVersion);
            if (settings is null || recorded.Version < settings.Version)
                settings = recorded;
        }

        return (slices, settings!);
    }

    /// <summary>The settings of a slice that this shard holds under this version of them; null for any other.</summary>
    public WorkspaceSettings? FindSettings(SliceId slice, long version) =>
        topology.Current.Holds(options.Name, slice.Partition)
        && store.FindSettings(slice.WorkspaceUid, slice.Partition) is { } settings && settings.Version == (ulong)version
            ? settings
            : null;

    /// <summary>The one slice of a request that is about a single partition.</summary>
    public (SliceId Slice, WorkspaceSettings Settings) ResolveOne(Target? target)
    {
        var (slices, settings) = Resolve(target);
        return slices.Length == 1
            ? (slices[0], settings)
            : throw new InvalidInputException("This call is about one partition; the target names several.");
    }

    /// <summary>Refuses partitions that the topology gives to another shard.</summary>
    public void CheckHeld(int partition)
    {
        if (!topology.Current.Holds(options.Name, partition))
        {
            throw ShardStatus.Refuse(ShardStatus.NotHeld,
                $"Shard {options.Name} does not hold partition {partition} in topology {topology.Current.Version}.");
        }
    }

    public static Guid ReadUid(Target? target) => target is { WorkspaceUid.Length: 16 }
        ? new Guid(target.WorkspaceUid.Span, bigEndian: true)
        : throw new InvalidInputException("The target needs a workspace uid of 16 bytes.");

    public static Guid ReadMutationId(Google.Protobuf.ByteString id) => id.Length == 16
        ? new Guid(id.Span, bigEndian: true)
        : throw new InvalidInputException("The mutation id must have 16 bytes.");

    private WorkspaceSettings Settings(SliceId slice, long expectedVersion)
    {
        CheckHeld(slice.Partition);
        var settings = store.FindSettings(slice.WorkspaceUid, slice.Partition) ?? throw ShardStatus.Refuse(
            ShardStatus.StaleSettings, $"Partition {slice.Partition} has no settings of this workspace.");
        if (expectedVersion > 0 && settings.Version != (ulong)expectedVersion)
        {
            throw ShardStatus.Refuse(ShardStatus.StaleSettings,
                $"The settings are at version {settings.Version}, the request was made for {expectedVersion}.");
        }

        return settings;
    }
}
