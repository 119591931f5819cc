using Google.Protobuf;
using Rag.Internal.V1;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// What goes to each shard of one search: the request's parts by reference, so nothing of it is copied or changed.
/// </summary>
internal sealed class SearchPlan
{
    private const int DefaultCandidates = 200;
    private const int DefaultReranked = 50;
    private const int DefaultCompared = 100;

    private static readonly Highlight DefaultHighlight = new() { Length = 240 };

    private readonly SearchRequest _search;
    private readonly Stamp[] _minStamps;
    private string _vectorModel = "";
    private Stamp[] _seen = [];

    private SearchPlan(SearchRequest search, Stamp[] minStamps, ByteString vector)
    {
        _search = search;
        _minStamps = minStamps;
        Vector = vector;
        SparseVector = search.SparseVector;
        K = search.K == 0 ? Limits.DefaultK : search.K;
        ChunksPerDocument = search.Grouping is { } grouping ? Math.Max(1, grouping.ChunksPerDocument) : 0;
        IsPaged = search.Paging || search.PageToken.Length > 0;
        FetchK = search.Diversity switch
        {
            null => 0,
            { FetchK: > 0 } diversity => diversity.FetchK,
            _ => Math.Clamp(4 * (K + Offset), Limits.LeastFetchK, Limits.FetchK),
        };
        RerankedHits = search.Rerank is { } rerank ? RescoredHits(rerank.TopN, DefaultReranked, Limits.Reranked) : 0;
        ComparedHits = search.LateInteraction is { } late
            ? late.MultiVector is null
                ? RescoredHits(late.TopN, DefaultReranked, Limits.Tokenized)
                : RescoredHits(late.TopN, DefaultCompared, Limits.Reranked)
            : 0;
        PoolSize = Math.Max(Math.Max(Wanted, FetchK), Math.Max(RerankedHits, ComparedHits));
        if (UsesCandidates)
            PoolSize = search.Candidates > 0 ? search.Candidates : Math.Max(PoolSize, DefaultCandidates);
        Candidates = search.Fusion is { Candidates: > 0 } fusion
            ? fusion.Candidates
            : Math.Max(DefaultCandidates, PoolSize);
        PoolFields = ReturnedFields.OfPool(search, DiversitySpace);
        Lists = ListKinds.Of(search, HasWords);
        ExampleKeys = search.Examples is not { } examples
            ? []
            : [.. examples.Positive.Concat(examples.Negative).Select(example => example.Chunk).OfType<ChunkKey>()];
    }

    /// <summary>Hits that the caller wants.</summary>
    public int K { get; }

    public int Offset => _search.Offset;

    public SearchRequest Search => _search;

    /// <summary>Little-endian float32; empty until the text is embedded.</summary>
    public ByteString Vector { get; private set; }

    /// <summary>The caller's, or what examples come to.</summary>
    public SparseVector? SparseVector { get; private set; }

    public bool NeedsEmbedding =>
        Vector.IsEmpty && _search.Mode is not SearchMode.Sparse && _search.Examples is null;

    /// <summary>Whether words are looked for, so that partitions must agree on what they weigh.</summary>
    public bool HasWords => _search.Mode switch
    {
        SearchMode.Sparse => _search.SparseVector is null && _search.Examples is null,
        // A caller with a better idea of the words may want the text for its vector alone.
        SearchMode.Hybrid => _search.Text.Length > 0
            && (_search.SparseVector is null || _search.Fusion is not { HasSparseWeight: true, SparseWeight: 0 }),
        _ => false,
    };

    /// <summary>What is mixed in a hybrid search; of another one the only list, whatever that is found by.</summary>
    public IReadOnlyList<ListKind> Lists { get; }

    public bool IsHybrid => _search.Mode is SearchMode.Hybrid;

    /// <summary>How many of each list are mixed in a hybrid search.</summary>
    public int Candidates { get; private set; }

    /// <summary>How many hits the stages before the page choose from; of documents, so many of these.</summary>
    public int PoolSize { get; }

    /// <summary>How many hits diversity chooses from.</summary>
    public int FetchK { get; }

    /// <summary>How many hits, or documents, are scored by a reranking model.</summary>
    public int RerankedHits { get; }

    /// <summary>How many hits, or documents, are scored by late interaction.</summary>
    public int ComparedHits { get; }

    /// <summary>The space whose vectors tell how alike hits are.</summary>
    public string DiversitySpace => _search.Diversity is { HasSpace: true } diversity ? diversity.Space : _search.Space;

    /// <summary>Whether the stages need something of hits besides keys and scores.</summary>
    public bool HasPoolFields => PoolFields != ReturnedFields.None;

    /// <summary>Chunks to search by, which are no hits.</summary>
    public IReadOnlyList<ChunkKey> ExampleKeys { get; }

    /// <summary>Most hits of one document; 0 where chunks stand for themselves.</summary>
    public int ChunksPerDocument { get; }

    /// <summary>Whether the answer needs a token for the page behind it.</summary>
    public bool IsPaged { get; }

    /// <summary>Where the page before ended; null for the first one.</summary>
    public SearchCursor? Cursor { get; private set; }

    /// <summary>Whether pages are cut from a window of hits in an order that is kept, not by score and key.</summary>
    public bool HasWindow => IsPaged && (ChangesScores || _search.Diversity is not null
        || (IsHybrid && (ChunksPerDocument > 0 || _search.Fusion?.Method is FusionMethod.ReciprocalRank)));

    /// <summary>What is left of the window; null for the first page.</summary>
    public SearchWindow? Window { get; private set; }

    /// <summary>Hash of the search, for its cursors; only with <see cref="IsPaged"/>.</summary>
    public ulong Hash { get; private set; }

    /// <summary>Whether what the hits carry is read when it is known which they are.</summary>
    public bool FetchesLater => IsHybrid || HasSurroundings || HasPoolFields || HasWindow;

    /// <summary>Whether hits are shown with snippets or neighbours.</summary>
    public bool HasSurroundings => _search.Highlight is not null || _search.Neighbours > 0;

    // Scores are new after these stages: a threshold is of the new ones.
    private bool ChangesScores => UsesCandidates || _search.Rerank is not null || _search.LateInteraction is not null;

    // What the stages need of hits, where they need anything.
    private ReturnFields PoolFields { get; }

    // Scores change after hits were found, so that more of them may be among the best.
    private bool UsesCandidates => _search.Boosts.Count > 0 || IsBestScore;

    private bool IsBestScore => _search.Examples?.Strategy is ExampleStrategy.BestScore;

    // One more tells whether there is another page.
    private int Wanted => K + Offset + (IsPaged && !HasWindow ? 1 : 0);

    public TextStatistics? Statistics { get; private set; }

    /// <summary>Positions that a search waits for.</summary>
    public Stamp[] MinStamps => _minStamps;

    /// <summary>Positions that reading what the hits carry waits for: another replica may be behind.</summary>
    public Stamp[] SeenStamps => _seen;

    public ReturnFields ReturnFields => _search.ReturnFields ?? ReturnDefaults.Hits;

    /// <summary>Checks the search against the workspace.</summary>
    public static SearchPlan Of(SearchRequest search, KnownWorkspace workspace)
    {
        if (search.Mode is SearchMode.Sparse)
        {
            ReturnedFields.Check(search.ReturnFields, workspace);
            return Of(search, workspace, ByteString.Empty);
        }

        if (workspace.FindSpace(search.Space) is not { } space)
        {
            throw Refuse.Invalid("space",
                $"The workspace has no vector space '{MetadataRules.Shorten(search.Space)}': {workspace.SpaceNames}.");
        }

        var vector = ByteString.Empty;
        if (search.Vector is not null)
        {
            if (VectorRules.Fault(search.Vector, space) is { } fault)
                throw Refuse.Invalid("vector", fault);
            vector = VectorBytes.Of(search.Vector);
        }
        else if (space.Model.Length == 0 && search.Examples is null)
        {
            throw Refuse.Invalid("vector", $"Space '{space.Name}' has no model to embed the text with: send a vector.");
        }

        ReturnedFields.Check(search.ReturnFields, workspace);
        return Of(search, workspace, vector);
    }

    /// <summary>Puts the embedded text in place of the text, for shards that must not embed it again.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="model">What made it: a shard whose settings name another one refuses it.</param>
    public void SetVector(ByteString vector, string model) => (Vector, _vectorModel) = (vector, model);

    /// <summary>Searches by what examples come to.</summary>
    public void SetSparseVector(SparseVector vector) => SparseVector = vector;

    /// <summary>What the words weigh in all partitions, for shards that hold some of them.</summary>
    public void SetStatistics(TextStatistics statistics) => Statistics = statistics;

    /// <summary>
    /// Behind the first page of a hybrid search every candidate of then is needed, of which there may be more now. Looks
    /// further if that was not far enough; false if it cannot.
    /// </summary>
    public bool LookFurther(int longest)
    {
        if (Cursor is null || longest < Candidates || Candidates == Limits.K)
            return false;
        Candidates = Math.Min(Limits.K, Candidates * 4);
        return true;
    }

    /// <summary>How far the replicas were that found the hits.</summary>
    public void SetSeen(Stamp[] stamps) => _seen = stamps;

    public GetTextStatisticsRequest ToStatisticsRequest(Target target)
    {
        var request = new GetTextStatisticsRequest { Target = target, Text = _search.Text };
        Shards.MinStamps.AddTo(request.MinStamps, _minStamps, target);
        return request;
    }

    /// <summary>Asks for what hits of a hybrid search carry.</summary>
    public GetRequest ToGetRequest(Target target, IEnumerable<ChunkKey> keys)
    {
        var request = new GetRequest
        {
            Target = target,
            ReturnFields = ReturnFields,
            Neighbours = _search.Neighbours,
        };
        if (_search.Highlight is { } highlight)
        {
            request.HighlightText = _search.Text;
            request.Highlight = highlight.Length > 0 ? highlight : DefaultHighlight;
        }

        request.Keys.AddRange(keys);
        Shards.MinStamps.AddTo(request.MinStamps, _seen, target);
        return request;
    }

    /// <summary>Asks for the scores of hits by late interaction.</summary>
    public ScoreChunksRequest ToScoreRequest(Target target, IEnumerable<ChunkKey> keys)
    {
        var late = _search.LateInteraction;
        var request = new ScoreChunksRequest { Target = target, Query = late.MultiVector, Model = late.Model };
        if (late.MultiVector is null)
            request.Text = _search.Text;
        request.Keys.AddRange(keys);
        Shards.MinStamps.AddTo(request.MinStamps, _seen, target);
        return request;
    }

    /// <summary>Asks for the vectors of chunks to search by.</summary>
    public GetRequest ToVectorRequest(Target target, IEnumerable<ChunkKey> keys)
    {
        var request = new GetRequest
        {
            Target = target,
            ReturnFields = _search.Mode is SearchMode.Sparse
                ? new ReturnFields { SparseVector = true }
                : new ReturnFields { Vectors = { _search.Space } },
        };
        request.Keys.AddRange(keys);
        Shards.MinStamps.AddTo(request.MinStamps, _minStamps, target);
        return request;
    }

    /// <summary>The same search by another vector.</summary>
    public SearchPlan WithVector(ByteString vector, string model)
    {
        var other = (SearchPlan)MemberwiseClone();
        other.SetVector(vector, model);
        return other;
    }

    public SearchSlicesRequest ToRequest(Target target)
    {
        var request = new SearchSlicesRequest
        {
            Target = target,
            Space = _search.Space,
            Vector = Vector,
            VectorModel = _vectorModel,
            K = IsHybrid ? Candidates : PoolSize,
            Filter = _search.Filter,
            ReturnFields = FetchesLater ? PoolFields : ReturnFields,
            Encoder = _search.Encoder,
            KeepEncoder = IsPaged,
            Mode = _search.Mode,
            TextStatistics = Statistics,
            Bm25 = _search.Bm25,
            SparseVector = SparseVector,
            NoWords = IsHybrid && !HasWords,
            ChunksPerDocument = ChunksPerDocument,
        };
        if (Vector.IsEmpty || HasWords)
            request.Text = _search.Text;
        switch (_search.EffortCase)
        {
            case SearchRequest.EffortOneofCase.RecallTarget:
                request.RecallTarget = _search.RecallTarget;
                break;
            case SearchRequest.EffortOneofCase.Ef:
                request.Ef = _search.Ef;
                break;
            case SearchRequest.EffortOneofCase.Exact:
                request.Exact = _search.Exact;
                break;
        }

        request.Excluded.Add(ExampleKeys);
        if (_search.HasScoreThreshold && !IsHybrid && !ChangesScores)
            request.ScoreThreshold = _search.ScoreThreshold;
        if (Cursor is { Mix: { } mix })
        {
            // A list that was empty stays out of the mix: nothing of it is wanted.
            for (var i = 0; i < Lists.Count; i++)
                Lists[i].SetThreshold(request, mix.Lists[i].Threshold);
        }
        else if (Cursor is not null)
        {
            request.After = Cursor.Place.ToProto();
        }

        Shards.MinStamps.AddTo(request.MinStamps, _minStamps, target);
        return request;
    }

    private static SearchPlan Of(SearchRequest search, KnownWorkspace workspace, ByteString vector)
    {
        var plan = new SearchPlan(search, ConsistencyToken.Read(search.MinConsistencyToken, workspace), vector);
        if (search.Diversity is not null && workspace.FindSpace(plan.DiversitySpace) is null)
        {
            throw Refuse.Invalid("diversity.space",
                $"The workspace has no vector space '{MetadataRules.Shorten(plan.DiversitySpace)}': {workspace.SpaceNames}.");
        }

        if (search.LateInteraction?.MultiVector is { } vectors
            && MultiVectorRules.Fault(vectors, workspace.Settings.MultiVectorDimension) is { } fault)
            throw Refuse.Invalid("late_interaction.multi_vector", fault);
        if (!plan.IsPaged)
            return plan;
        plan.Hash = SearchCursor.HashOf(search, workspace.UidBytes);
        if (plan.HasWindow)
        {
            plan.Window = SearchWindow.Read(search.PageToken, plan.Hash);
            plan.SetSeen(plan.Window?.SeenStamps(workspace) ?? []);
            return plan;
        }

        plan.Cursor = SearchCursor.Read(search.PageToken, plan.Hash);
        plan.Statistics = plan.Cursor?.Statistics;
        if (plan.Cursor is not null && (plan.HasWords != (plan.Statistics is not null)
            || (plan.Cursor.Mix?.Lists.Count ?? 0) != (plan.IsHybrid ? plan.Lists.Count : 0)))
            throw Refuse.Invalid("page_token", "It is not one of ours: start over without one.");
        return plan;
    }

    private int RescoredHits(int asked, int most, int limit) => asked > 0
        ? asked
        : Math.Max(K + Offset, Math.Min(most, limit / Math.Max(1, ChunksPerDocument)));
}
