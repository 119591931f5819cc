namespace Rag.Engine;

/// <summary>Takes the hits of a search as they lie in the store, best first, so that nothing has to be made of them.</summary>
public interface IHitSink
{
    /// <summary>Takes one hit; its spans are good until this returns.</summary>
    void Add(in StoredHit hit);
}

/// <summary>A hit in the store's own form; text and ids are UTF-8. What was not asked for is empty.</summary>
public readonly ref struct StoredHit
{
    public required ReadOnlySpan<byte> DocumentId { get; init; }

    public required ReadOnlySpan<byte> ChunkId { get; init; }

    /// <summary>Higher is better, in full precision.</summary>
    public required float Score { get; init; }

    public required WriteStamp Version { get; init; }

    public ReadOnlySpan<byte> Text { get; init; }

    public ReadOnlySpan<byte> Attributes { get; init; }

    public StoredMetadata Metadata { get; init; }
}

/// <summary>A search by a vector without filter, grouping or paging.</summary>
/// <param name="Space">Name of the vector space; '' is the default space.</param>
/// <param name="Vector">As <see cref="SearchQuery.Vector"/>.</param>
/// <param name="K">1–10,000.</param>
/// <param name="Ef">As <see cref="SearchQuery.Ef"/>.</param>
/// <param name="RecallTarget">As <see cref="SearchQuery.RecallTarget"/>.</param>
/// <param name="Exact">As <see cref="SearchQuery.Exact"/>.</param>
/// <param name="Return">What hits hold; vectors are never among it.</param>
public readonly record struct VectorQuery(
    string Space, ReadOnlyMemory<float> Vector, int K, int Ef, float RecallTarget, bool Exact, ReturnFields Return);

/// <summary>What a search by a vector says besides its hits.</summary>
/// <param name="Stamp">The partition's position that the search saw at least.</param>
/// <param name="SearchTime">Time in the index.</param>
/// <param name="FetchTime">Time to read ids, texts and metadata of the hits.</param>
public readonly record struct VectorAnswer(WriteStamp Stamp, TimeSpan SearchTime, TimeSpan FetchTime);
