using Google.Protobuf;
using Grpc.Core;
using Rag.Engine;
using Rag.Internal.V1;

namespace Rag.Shard.Replicas;

/// <summary>Takes a partition from another shard into the store; goes on with what is there. Thread-safe.</summary>
internal sealed class PartitionReceiver(ShardStore store, ShardOptions options, TimeProvider time)
{
    /// <summary>Copies the partition, and makes it this shard's when all of it is there.</summary>
    /// <exception cref="RpcException">The source failed, or sent nothing for too long.</exception>
    /// <exception cref="StoreException">The store failed, or what came was damaged: try again.</exception>
    public async Task ReceiveAsync(
        ReplicaService.ReplicaServiceClient source, int partition, long topologyVersion, CancellationToken ct)
    {
        using var import = store.Import(partition);
        var point = import.FindPoint();
        var request = new CopyPartitionRequest
        {
            Partition = partition,
            TopologyVersion = topologyVersion,
            Shard = options.Name,
            AfterWorkspaceUid = ToProto(point.After),
        };
        // Numbers of snapshots are those of one shard; what another one has begun is begun again.
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var from = await AskAsync(source, partition, ct);
        if (point.Uid is { } part && point.Source == from)
        {
            request.PartWorkspaceUid = ToProto(part);
            request.PartGeneration = point.Generation;
            request.PartSnapshotOffset = point.SnapshotOffset;
            request.PartNextRow = point.NextRow;
        }

        using var call = source.CopyPartition(request, cancellationToken: idle.Token);
        await using var watch = time.CreateTimer(
            static state => ((CancellationTokenSource)state!).Cancel(), idle, options.Replicas.CopyIdleTimeout,
            Timeout.InfiniteTimeSpan);
        var isWhole = false;
        while (!isWhole && await call.ResponseStream.MoveNext(idle.Token))
        {
            watch.Change(options.Replicas.CopyIdleTimeout, Timeout.InfiniteTimeSpan);
            isWhole = Take(import, call.ResponseStream.Current);
        }

        if (!isWhole)
            throw new RpcException(new Status(StatusCode.Unavailable, "The copy ended before its end."));
        await import.CompleteAsync(ct);
    }

    private static async Task<string> AskAsync(
        ReplicaService.ReplicaServiceClient source, int partition, CancellationToken ct)
    {
        var answer = await source.GetPartitionAsync(
            new GetPartitionRequest { Partition = partition }, cancellationToken: ct, deadline: DateTime.UtcNow.AddSeconds(10));
        if (answer.Importing)
            throw new RpcException(new Status(StatusCode.Unavailable, "The source is being copied into itself."));
        if (answer.Behind)
            throw new RpcException(new Status(StatusCode.Unavailable, "The source cannot follow the log itself."));
        return answer.Shard;
    }

    private static bool Take(PartitionImport import, CopyPartitionResponse response)
    {
        switch (response.PartCase)
        {
            case CopyPartitionResponse.PartOneofCase.Begin:
                import.Begin(response.Begin.Shard, ToStamp(response.Begin.Stamp));
                return false;
            case CopyPartitionResponse.PartOneofCase.Slice:
                import.BeginSlice(
                    new Guid(response.Slice.WorkspaceUid.Span, bigEndian: true), response.Slice.Generation,
                    response.Slice.SnapshotBytes);
                return false;
            case CopyPartitionResponse.PartOneofCase.Snapshot:
                Check(response.Snapshot);
                import.AddSnapshot(response.Snapshot.Offset, response.Snapshot.Data.Memory);
                return false;
            case CopyPartitionResponse.PartOneofCase.Contents:
                Check(response.Contents);
                import.AddContents(response.Contents.Data.Memory);
                return false;
            case CopyPartitionResponse.PartOneofCase.SliceEnd:
                import.EndSlice();
                return false;
            case CopyPartitionResponse.PartOneofCase.End:
                return true;
            default:
                throw new RpcException(new Status(StatusCode.Internal, "The source sends what is not known here."));
        }
    }

    private static void Check(CopyBlock block)
    {
        if (BlockChecksum.Of(block.Data.Span) != block.Checksum)
            throw new RpcException(new Status(StatusCode.DataLoss, "A block came damaged; it is copied again."));
    }

    private static WriteStamp ToStamp(Stamp? stamp) => stamp is null ? default : new(stamp.Epoch, stamp.Sequence);

    private static ByteString ToProto(Guid? uid) =>
        uid is { } known ? ByteString.CopyFrom(known.ToByteArray(bigEndian: true)) : ByteString.Empty;
}
