namespace Rag.Engine;

/// <summary>Hits of one slice, best first; equal scores in the order of their keys.</summary>
public sealed record SearchAnswer
{
    public required IReadOnlyList<SearchHit> Hits { get; init; }

    /// <summary>The partition's position that the search saw at least.</summary>
    public required WriteStamp Stamp { get; init; }

    /// <summary>Settings version in force for the search.</summary>
    public required ulong SettingsVersion { get; init; }

    /// <summary>What the search did, and how long it took.</summary>
    public required SearchWork Work { get; init; }
}

/// <summary>One hit. Text, metadata, vectors are null where they were not asked for.</summary>
public sealed record SearchHit
{
    public required ChunkKey Key { get; init; }

    /// <summary>Higher is better: cosine −1…1, inner product as is, L2 = −squared distance, in full
    /// precision; BM25 of a text; inner product of a sparse vector.</summary>
    public required float Score { get; init; }

    public required WriteStamp Version { get; init; }

    public string? Text { get; init; }

    public IReadOnlyDictionary<string, MetadataValue>? Metadata { get; init; }

    /// <summary>Null if not asked for; empty if the chunk has none.</summary>
    public required ReadOnlyMemory<byte>? Attributes { get; init; }

    /// <summary>Null if not asked for; the default if the chunk has none. Indices rise.</summary>
    public SparseVector? Sparse { get; init; }

    public IReadOnlyList<SpaceVector>? Vectors { get; init; }

    /// <summary>As it was quantised; null if not asked for, or if the chunk has none.</summary>
    public MultiVector? MultiVector { get; init; }
}

/// <summary>The work of one search.</summary>
/// <param name="FilterTime">Time to evaluate the filter.</param>
/// <param name="SearchTime">Time in the index.</param>
/// <param name="FetchTime">Time to read ids, texts, metadata and vectors of the hits.</param>
/// <param name="VectorsScored">Vectors compared with the query, in whatever precision.</param>
/// <param name="IsExact">True if every accepted chunk was compared.</param>
public readonly record struct SearchWork(
    TimeSpan FilterTime, TimeSpan SearchTime, TimeSpan FetchTime, long VectorsScored, bool IsExact);
