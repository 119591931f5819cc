namespace Rag.Engine;

/// <summary>A chunk as it is stored; fields that were not asked for are null.</summary>
public sealed record StoredChunk
{
    public required ChunkKey Key { get; init; }

    /// <summary>Position of the write that made this version; changes with every write.</summary>
    public required WriteStamp Version { get; init; }

    /// <summary>Null if not asked for, or if the chunk has none.</summary>
    public string? Text { get; init; }

    /// <summary>Null if not asked for.</summary>
    public IReadOnlyDictionary<string, MetadataValue>? Metadata { get; init; }

    /// <summary>Null if not asked for; empty if the chunk has none.</summary>
    public required ReadOnlyMemory<byte>? Attributes { get; init; }

    /// <summary>Null if not asked for; the default if the chunk has none. Indices rise.</summary>
    public SparseVector? Sparse { get; init; }

    /// <summary>A vector for each space in which the chunk has one; null if not asked for.</summary>
    public IReadOnlyList<SpaceVector>? Vectors { get; init; }

    /// <summary>As it was quantised; null if not asked for, or if the chunk has none.</summary>
    public MultiVector? MultiVector { get; init; }
}

/// <summary>A page of chunks in key order.</summary>
/// <param name="Chunks">At most as many as were asked for.</param>
/// <param name="Next">Key to continue after; null if this is the last page.</param>
public sealed record ChunkPage(IReadOnlyList<StoredChunk> Chunks, ChunkKey? Next);
