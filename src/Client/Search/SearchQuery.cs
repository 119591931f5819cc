using Rag.V1;

namespace Rag.Client;

/// <summary>What to search for. A text, a vector of either kind or examples are needed, everything else has a default.</summary>
public sealed record SearchQuery
{
    /// <summary>By vector, by words, or both. Default: by vector.</summary>
    public SearchMode Mode { get; init; }

    /// <summary>How the two lists of a hybrid search are mixed. Default: scaled scores.</summary>
    public Fusion? Fusion { get; init; }

    /// <summary>How words are scored. Default: k1 1.2, b 0.75.</summary>
    public Bm25? Bm25 { get; init; }

    /// <summary>Embedded by the space's model, or looked for by its words. At most 64 KiB of UTF-8.</summary>
    public string Text { get; init; } = "";

    /// <summary>Searched instead of the text, if given: as many components as the space has dimensions.</summary>
    public ReadOnlyMemory<float> Vector { get; init; }

    /// <summary>
    /// Searched for by inner product with chunks' sparse vectors: with <see cref="SearchMode.Sparse"/> in place of words,
    /// with <see cref="SearchMode.Hybrid"/> as a list of its own; see <see cref="VectorValue.Sparse"/>.
    /// </summary>
    public SparseVector? SparseVector { get; init; }

    /// <summary>The vector space; '' is the default one.</summary>
    public string Space { get; init; } = "";

    /// <summary>How many hits, 1 to 10,000 together with <see cref="Offset"/>. Default 10.</summary>
    public int K { get; init; } = 10;

    /// <summary>Leave out this many of the best.</summary>
    public int Offset { get; init; }

    /// <summary>Only chunks that match; see <see cref="Where"/>.</summary>
    public Filter? Filter { get; init; }

    /// <summary>What hits carry. Default: text, metadata and passage.</summary>
    public ReturnFields? Return { get; init; }

    /// <summary>Share of the true best that is to be found, 0.5 to 1. Default 0.95. At most one of the efforts.</summary>
    public float? RecallTarget { get; init; }

    /// <summary>Width of the beam in a graph index instead of a recall target, 1 to 10,000.</summary>
    public int? Ef { get; init; }

    /// <summary>Compare with every vector.</summary>
    public bool Exact { get; init; }

    /// <summary>Only hits with this score or a higher one.</summary>
    public float? ScoreThreshold { get; init; }

    /// <summary>Encoder of the text. Default: full.</summary>
    public Encoder Encoder { get; init; }

    /// <summary>Answer from the partitions that can be reached when some cannot.</summary>
    public bool AllowPartial { get; init; }

    /// <summary>The token of a write that must be seen.</summary>
    public string MinConsistencyToken { get; init; } = "";

    /// <summary>
    /// 1 to 100: <see cref="K"/> counts documents, each with so many of its best chunks. Default 0: it counts chunks.
    /// </summary>
    public int ChunksPerDocument { get; init; }

    /// <summary>
    /// Mark the words of <see cref="Text"/> in a window of so many UTF-16 code units of each hit, 20 to 4,096. Default 0:
    /// no snippets.
    /// </summary>
    public int SnippetLength { get; init; }

    /// <summary>Also return so many chunks before and behind each hit in its document, 0 to 10.</summary>
    public int Neighbours { get; init; }

    /// <summary>Answer with a token for the page behind; see <see cref="SearchResponse.PageWindow"/> for where pages
    /// end.</summary>
    public bool Paging { get; init; }

    /// <summary>Continue behind the page whose answer had this token, with everything else as it was.</summary>
    public string PageToken { get; init; } = "";

    /// <summary>What is added to scores by how near a number or time in the metadata is; at most 16.</summary>
    public IReadOnlyList<Boost> Boosts { get; init; } = [];

    /// <summary>Score the best hits anew by a cross-encoder of the server.</summary>
    public Rerank? Rerank { get; init; }

    /// <summary>Score the best hits anew by comparing their vectors with the search's one by one; see
    /// <see cref="VectorValue.OfMany(IReadOnlyList{ReadOnlyMemory{float}})"/>.</summary>
    public LateInteraction? LateInteraction { get; init; }

    /// <summary>Hits that are unlike one another.</summary>
    public Diversity? Diversity { get; init; }

    /// <summary>Chunks or vectors to search by in place of a text or vector; see <see cref="SimilarTo"/>.</summary>
    public Examples? Examples { get; init; }

    /// <summary>How many of the best go through boosts and the like. Default 0: 200, or K + Offset.</summary>
    public int Candidates { get; init; }

    /// <summary>Also count all chunks that match the filter by these; at most 16.</summary>
    public IReadOnlyList<Facet> Facets { get; init; } = [];

    /// <summary>What is similar to a chunk, without the chunk itself.</summary>
    public static SearchQuery SimilarTo(string documentId, string chunkId, int k = 10) => new()
    {
        K = k,
        Examples = new Examples
        {
            Positive = { new Example { Chunk = new ChunkKey { DocumentId = documentId, ChunkId = chunkId } } },
        },
    };

    /// <summary>What is sent for it.</summary>
    public SearchRequest ToRequest(string workspace)
    {
        var request = new SearchRequest
        {
            Workspace = workspace,
            Space = Space,
            Text = Text,
            Mode = Mode,
            Fusion = Fusion,
            Bm25 = Bm25,
            K = K,
            Offset = Offset,
            Filter = Filter,
            ReturnFields = Return,
            Encoder = Encoder,
            AllowPartial = AllowPartial,
            MinConsistencyToken = MinConsistencyToken,
            Neighbours = Neighbours,
            Paging = Paging,
            PageToken = PageToken,
            Diversity = Diversity,
            Rerank = Rerank,
            LateInteraction = LateInteraction,
            Examples = Examples,
            Candidates = Candidates,
            SparseVector = SparseVector,
        };
        request.Boosts.AddRange(Boosts);
        request.Facets.AddRange(Facets);
        if (ChunksPerDocument != 0)
            request.Grouping = new Grouping { ChunksPerDocument = ChunksPerDocument };
        if (SnippetLength != 0)
            request.Highlight = new Highlight { Length = SnippetLength };
        if (!Vector.IsEmpty)
            request.Vector = VectorValue.Of(Vector.Span);
        if (ScoreThreshold is { } threshold)
            request.ScoreThreshold = threshold;
        if (Exact)
            request.Exact = true;
        else if (Ef is { } ef)
            request.Ef = ef;
        else if (RecallTarget is { } target)
            request.RecallTarget = target;
        return request;
    }
}
