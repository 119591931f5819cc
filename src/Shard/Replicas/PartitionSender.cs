using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using Rag.Engine;
using Rag.Internal.V1;
using Rag.Shard.Mapping;
using Rag.Shard.Services;

namespace Rag.Shard.Replicas;

/// <summary>Sends partitions to shards that join. Thread-safe.</summary>
internal sealed class PartitionSender : IDisposable
{
    private static readonly TimeSpan RetryFull = TimeSpan.FromSeconds(5);

    private readonly ShardStore _store;
    private readonly IReplicaLog _log;
    private readonly SliceResolver _resolver;
    private readonly ShardOptions _options;
    private readonly CopyThrottle _throttle;
    private readonly SemaphoreSlim _slots;

    public PartitionSender(
        ShardStore store, IReplicaLog log, SliceResolver resolver, ShardOptions options, TimeProvider time)
    {
        _log = log;
        _store = store;
        _resolver = resolver;
        _options = options;
        _throttle = new CopyThrottle(options.Replicas.CopyBytesPerSecond, time);
        _slots = new SemaphoreSlim(options.Replicas.MaxCopies);
    }

    public GetPartitionResponse GetPartition(GetPartitionRequest request)
    {
        var stamp = _store.LastStamp(request.Partition);
        return new GetPartitionResponse
        {
            Stamp = stamp.IsNone ? null : ToProto(request.Partition, stamp),
            Slices = _store.ListSlices().Count(slice => slice.Partition == request.Partition),
            Shard = _options.Name,
            Importing = _store.ListImports().Contains(request.Partition),
            Behind = _log.FindBehind().ContainsKey(request.Partition),
        };
    }

    public async Task SendAsync(
        CopyPartitionRequest request, IServerStreamWriter<CopyPartitionResponse> to, CancellationToken ct)
    {
        _resolver.CheckHeld(request.Partition);
        if (!_slots.Wait(0, CancellationToken.None))
        {
            throw new StoreException(StoreErrorKind.ResourceExhausted,
                "As many partitions are being copied as may be at a time; try again.", null, RetryFull);
        }

        try
        {
            var export = _store.Export(request.Partition);
            await to.WriteAsync(new CopyPartitionResponse
            {
                Begin = new CopyBegin
                {
                    Shard = _options.Name,
                    Stamp = ToProto(request.Partition, export.Stamp),
                    Slices = export.Workspaces.Count,
                    Bytes = export.Bytes,
                },
            }, ct);
            var after = ReadUid(request.AfterWorkspaceUid);
            var part = ReadUid(request.PartWorkspaceUid);
            foreach (var uid in export.Workspaces)
            {
                if (after is { } done && UidOrder.Instance.Compare(uid, done) <= 0)
                    continue;
                using var slice = await export.OpenAsync(uid, part == uid ? request.PartGeneration : 0, ct);
                if (slice is null)
                    continue;
                var goesOn = part == uid && slice.Generation == request.PartGeneration;
                await SendSliceAsync(
                    slice, goesOn ? request.PartSnapshotOffset : 0, goesOn ? request.PartNextRow : 0, to, ct);
            }

            await to.WriteAsync(new CopyPartitionResponse { End = new CopyEnd() }, ct);
        }
        finally
        {
            _slots.Release();
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task SendSliceAsync(
        SliceExport slice, long offset, int row, IServerStreamWriter<CopyPartitionResponse> to, CancellationToken ct)
    {
        if (offset < 0 || offset > slice.SnapshotBytes || row < 0)
            throw new InvalidInputException("The part that is there already does not fit the snapshot.");
        await to.WriteAsync(new CopyPartitionResponse
        {
            Slice = new CopySlice
            {
                WorkspaceUid = ByteString.CopyFrom(slice.Slice.WorkspaceUid.ToByteArray(bigEndian: true)),
                Generation = slice.Generation,
                SnapshotBytes = slice.SnapshotBytes,
            },
        }, ct);
        var blockBytes = _options.Replicas.BlockBytes;
        while (offset < slice.SnapshotBytes)
        {
            // Its own for each message: the transport may still be reading the former one.
            var buffer = new byte[Math.Min(blockBytes, slice.SnapshotBytes - offset)];
            var count = slice.ReadSnapshot(offset, buffer);
            if (count == 0)
                throw new StoreException(StoreErrorKind.Unavailable, "A snapshot has become shorter; try again.");
            await SendBlockAsync(buffer.AsMemory(0, count), offset, isSnapshot: true, to, ct);
            offset += count;
        }

        while (row >= 0)
        {
            var contents = new ArrayBufferWriter<byte>(4096);
            row = slice.ReadContents(row, blockBytes, contents);
            if (contents.WrittenCount > 0)
                await SendBlockAsync(contents.WrittenMemory, 0, isSnapshot: false, to, ct);
        }

        await to.WriteAsync(new CopyPartitionResponse { SliceEnd = new CopySliceEnd() }, ct);
    }

    private async Task SendBlockAsync(
        ReadOnlyMemory<byte> data, long offset, bool isSnapshot, IServerStreamWriter<CopyPartitionResponse> to,
        CancellationToken ct)
    {
        await _throttle.TakeAsync(data.Length, ct);
        var block = new CopyBlock
        {
            Offset = offset,
            Data = UnsafeByteOperations.UnsafeWrap(data),
            Checksum = BlockChecksum.Of(data.Span),
        };
        await to.WriteAsync(
            isSnapshot
                ? new CopyPartitionResponse { Snapshot = block }
                : new CopyPartitionResponse { Contents = block },
            ct);
    }

    private static Guid? ReadUid(ByteString uid) => uid.Length switch
    {
        0 => null,
        16 => new Guid(uid.Span, bigEndian: true),
        _ => throw new InvalidInputException("A workspace uid has 16 bytes."),
    };

    private static Stamp ToProto(int partition, WriteStamp stamp) =>
        new() { Partition = partition, Epoch = stamp.Epoch, Sequence = stamp.Sequence };
}
