using Microsoft.Extensions.Logging;
using Rag.Engine.Indexing;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>What the parts of an open store share.</summary>
internal sealed class StoreContext
{
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

    public CopyPins Copies { get; } = new();

    public EpochGuard Guard { get; } = new();

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
