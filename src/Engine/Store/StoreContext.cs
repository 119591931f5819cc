using Microsoft.Extensions.Logging;
using Rag.Engine.Indexing;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>What the parts of an open store share.</summary>
internal sealed class StoreContext
{
    private IMutationOrder? _order;

    public required StoreOptions Options { get; init; }

    public required ILogger Logger { get; init; }

    public required TimeProvider Time { get; init; }

    public required IPayloadCodec Codec { get; init; }

    public required StorageHealth Health { get; init; }

    public required SnapshotFolder Snapshots { get; init; }

    public required Manifest Manifest { get; init; }

    public required ChunkContents Contents { get; init; }

    public required IMutationLog Log { get; init; }

    /// <summary>The store's folder, absolute.</summary>
    public required string Folder { get; init; }

    public required IStorageFileSystem Files { get; init; }

    /// <summary>Position in the log behind which not everything is in snapshots, as of the last cut.</summary>
    public long ReplayFrom => Math.Max(Log.BeginPosition, Manifest.LogPosition);

    public CopyPins Copies { get; } = new();

    /// <summary>Who orders the mutations of a replica; null until it is there, and where the log does.</summary>
    public IMutationOrder? Order
    {
        get => Volatile.Read(ref _order);
        set => Volatile.Write(ref _order, value);
    }

    public EpochGuard Guard { get; } = new();

    /// <summary>A payload as it leaves the process.</summary>
    public byte[] Encode(SliceId slice, ReadOnlySpan<byte> payload)
    {
        var encoded = new byte[Codec.MaxEncodedLength(payload.Length)];
        var length = Codec.Encode(slice.WorkspaceUid, payload, encoded);
        return length == encoded.Length ? encoded : encoded[..length];
    }

    /// <summary>A payload as it came from outside.</summary>
    /// <exception cref="CorruptDataException">It is damaged.</exception>
    public byte[] Decode(SliceId slice, ReadOnlySpan<byte> encoded)
    {
        var payload = new byte[Codec.PlainLength(encoded)];
        Codec.Decode(slice.WorkspaceUid, encoded, payload);
        return payload;
    }

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
