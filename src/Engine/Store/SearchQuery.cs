using Rag.Engine.Filters;
using Rag.Engine.Sparse;

namespace Rag.Engine;

/// <summary>A search in one vector space of one slice, in its texts, or in its sparse vectors.</summary>
public sealed record SearchQuery
{
    /// <summary>Name of the vector space; '' is the default space.</summary>
    public string Space { get; init; } = "";

    /// <summary>The query, with as many finite numbers as the space has dimensions; not all zero for cosine. Not used
    /// where there is a text.</summary>
    public ReadOnlyMemory<float> Vector { get; init; }

    /// <summary>Searched for by its words, scored by BM25, in place of a vector; null for none.</summary>
    public string? Text { get; init; }

    /// <summary>For a text: what the words weigh in all partitions; null for what they weigh in this slice.</summary>
    public SparseStatistics? TextStatistics { get; init; }

    /// <summary>For a text: how BM25 scores; null for k1 1.2, b 0.75.</summary>
    public Bm25Parameters? Bm25 { get; init; }

    /// <summary>Searched for by inner product with chunks' sparse vectors, in place of a vector and a text; chunks that
    /// share no index with it are no hits. Null for none.</summary>
    public SparseVector? Sparse { get; init; }

    /// <summary>How many hits to return, 1–10,000. Who wants an offset asks for offset + k and skips.</summary>
    public required int K { get; init; }

    /// <summary>
    /// 0: <see cref="K"/> counts chunks. Above: it counts documents, and each is there with so many of its best chunks,
    /// whenever so many documents match. At most 100, and 10,000 chunks in all.
    /// </summary>
    public int ChunksPerDocument { get; init; }

    /// <summary>Only hits (documents, by their best chunk) behind this place in the order; null for all.</summary>
    public SearchPlace? After { get; init; }

    /// <summary>Chunks that are no hits; at most 1,000.</summary>
    public IReadOnlyList<ChunkKey> Excluded { get; init; } = [];

    /// <summary>Only chunks that it accepts are hits; null for all.</summary>
    public FilterExpression? Filter { get; init; }

    /// <summary>Hits score at least this much; null for no limit.</summary>
    public float? ScoreThreshold { get; init; }

    /// <summary>Width of the graph walk, 1–10,000; 0 to derive it from <see cref="RecallTarget"/>.</summary>
    public int Ef { get; init; }

    /// <summary>Share of the true k nearest to be found, above 0 and at most 1; 0 for the space's default.</summary>
    public float RecallTarget { get; init; }

    /// <summary>True to compare with every chunk.</summary>
    public bool Exact { get; init; }

    /// <summary>What to return besides key, version and score.</summary>
    public ReturnFields Return { get; init; }

    /// <summary>The search sees at least what was written here, and waits for it; none to see what there is.</summary>
    public WriteStamp MinStamp { get; init; }

    /// <summary>Settings version that the caller's choice of space rests on; 0 to accept any. An older version here is
    /// refused with <see cref="StoreErrorKind.Unavailable"/>.</summary>
    public ulong MinSettingsVersion { get; init; }
}
