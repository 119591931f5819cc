namespace Rag.Engine;

/// <summary>
/// One chunk to be written. A write of all fields replaces the chunk or creates it; a write of some fields is a patch,
/// keeps the others as they are and never creates a chunk.
/// </summary>
public sealed record ChunkWrite
{
    /// <summary>Key of the chunk.</summary>
    public required ChunkKey Key { get; init; }

    /// <summary>Text, at most 64 KiB of UTF-8; null for none.</summary>
    public string? Text { get; init; }

    /// <summary>Metadata, at most 32 KiB encoded; keys of 1–128 bytes of UTF-8. Replaced as a whole.</summary>
    public IReadOnlyDictionary<string, MetadataValue> Metadata { get; init; } =
        System.Collections.Immutable.ImmutableDictionary<string, MetadataValue>.Empty;

    /// <summary>
    /// What the layer above keeps beside the text, not looked into and not searched: at most 4 KiB. Stored in the chunk
    /// log with text and metadata.
    /// </summary>
    public ReadOnlyMemory<byte> Attributes { get; init; }

    /// <summary>At most one vector for each space. In a patch the spaces that are not named keep their
    /// vectors.</summary>
    public IReadOnlyList<SpaceVector> Vectors { get; init; } = [];

    /// <summary>Vectors for late interaction, stored with the text; null for none.</summary>
    public MultiVector? MultiVector { get; init; }

    /// <summary>What callers' sparse queries find it by; the default is none. In a patch that names it none removes
    /// what is there.</summary>
    public SparseVector Sparse { get; init; }

    /// <summary>Which fields this write sets; all by default.</summary>
    public ChunkFields Fields { get; init; } = ChunkFields.All;

    /// <summary>What must hold of the chunk; nothing by default. Not allowed in staged writes.</summary>
    public Precondition Precondition { get; init; }
}

/// <summary>Fields of a chunk that a write sets. The numbers are stored: never change them.</summary>
[Flags]
public enum ChunkFields : byte
{
    None = 0,
    Text = 1,
    Metadata = 2,
    Vectors = 4,
    Attributes = 8,

    /// <summary>The whole chunk, also those fields that masks came to know later.</summary>
    All = Text | Metadata | Vectors | Attributes,

    SparseVector = 16,
    MultiVector = 32,

    /// <summary>Tells a patch of just the fields that <see cref="All"/> stands for from a whole write.</summary>
    Patch = 64,

    Known = All | SparseVector | MultiVector | Patch,
}
