using Google.Protobuf;
using Rag.Engine;
using Rag.Hosting.Topology;
using Rag.Internal.V1;

namespace Rag.Shard.Services;

/// <summary>What a shard says of itself. Thread-safe.</summary>
internal sealed class StatusHandler(ShardStore store, ITopologySource topology, ShardOptions options)
{
    private const int MaxQuarantinedListed = 1000;

    public GetStatusResponse GetStatus(GetStatusRequest request)
    {
        var status = store.Status;
        var response = new GetStatusResponse
        {
            Name = options.Name,
            Version = typeof(StatusHandler).Assembly.GetName().Version?.ToString(3) ?? "",
            TopologyVersion = topology.Current.Version,
            Slices = status.Slices,
            LoadedSlices = status.LoadedSlices,
            MemoryBytes = status.MemoryBytes,
            MemoryCapBytes = status.MemoryCapBytes,
            DiskBytes = status.MutationLogBytes + status.ChunkLogBytes + status.SnapshotBytes,
            WriteFault = status.WriteFault ?? "",
        };
        foreach (var slice in status.Quarantined.Take(MaxQuarantinedListed))
        {
            response.Quarantined.Add(new Internal.V1.QuarantinedSlice
            {
                WorkspaceUid = ByteString.CopyFrom(slice.Slice.WorkspaceUid.ToByteArray(bigEndian: true)),
                Partition = slice.Slice.Partition,
                Reason = slice.Reason,
            });
        }

        if (request.PartitionSizes)
        {
            response.PartitionSizes.AddRange(store.ListPartitionSizes().Select(static size => new Internal.V1.PartitionSize
            {
                Partition = size.Partition, Slices = size.Slices, Bytes = size.Bytes,
            }));
        }

        return response;
    }
}
