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

    // Lists that are mixed need keys and scores; what the hits carry is read when it is known which they are.
    private static readonly ReturnFields NoFields = new();

    private readonly SearchRequest _search;
    private readonly Stamp[] _minStamps;

    private TextStatistics? _statistics;
    private Stamp[] _seen = [];

    private SearchPlan(SearchRequest search, Stamp[] minStamps, ByteString vector)
    {
        _search = search;
        _minStamps = minStamps;
        Vector = vector;
        K = search.K == 0 ? Limits.DefaultK : search.K;
        Candidates = search.Fusion is { Candidates: > 0 } fusion
            ? fusion.Candidates
            : Math.Max(DefaultCandidates, K + search.Offset);
    }

    /// <summary>Hits that the caller wants.</summary>
    public int K { get; }

    public int Offset => _search.Offset;

    public SearchRequest Search => _search;

    /// <summary>Little-endian float32; empty until the text is embedded.</summary>
    public ByteString Vector { get; private set; }

    public bool NeedsEmbedding => Vector.IsEmpty && _search.Mode is not SearchMode.Sparse;

    /// <summary>Whether words are looked for, so that partitions must agree on what they weigh.</summary>
    public bool HasWords => _search.Mode is SearchMode.Sparse or SearchMode.Hybrid;

    public bool IsHybrid => _search.Mode is SearchMode.Hybrid;

    /// <summary>How many of each list are mixed in a hybrid search.</summary>
    public int Candidates { get; }

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
            CheckReturnedSpaces(search.ReturnFields, workspace);
            return new SearchPlan(search, ConsistencyToken.Read(search.MinConsistencyToken, workspace), ByteString.Empty);
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
        else if (space.Model.Length == 0)
        {
            throw Refuse.Invalid("vector", $"Space '{space.Name}' has no model to embed the text with: send a vector.");
        }

        CheckReturnedSpaces(search.ReturnFields, workspace);
        return new SearchPlan(search, ConsistencyToken.Read(search.MinConsistencyToken, workspace), vector);
    }

    /// <summary>Puts the embedded text in place of the text, for shards that must not embed it again.</summary>
    public void SetVector(ByteString vector) => Vector = vector;

    /// <summary>What the words weigh in all partitions, for shards that hold some of them.</summary>
    public void SetStatistics(TextStatistics statistics) => _statistics = statistics;

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
        var request = new GetRequest { Target = target, ReturnFields = ReturnFields };
        request.Keys.AddRange(keys);
        Shards.MinStamps.AddTo(request.MinStamps, _seen, target);
        return request;
    }

    public SearchSlicesRequest ToRequest(Target target)
    {
        var request = new SearchSlicesRequest
        {
            Target = target,
            Space = _search.Space,
            Vector = Vector,
            K = IsHybrid ? Candidates : K + _search.Offset,
            Filter = _search.Filter,
            ReturnFields = IsHybrid ? NoFields : ReturnFields,
            Encoder = _search.Encoder,
            Mode = _search.Mode,
            TextStatistics = _statistics,
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

        if (_search.HasScoreThreshold && !IsHybrid)
            request.ScoreThreshold = _search.ScoreThreshold;
        Shards.MinStamps.AddTo(request.MinStamps, _minStamps, target);
        return request;
    }

    private static void CheckReturnedSpaces(ReturnFields? fields, KnownWorkspace workspace)
    {
        if (fields is null || fields.Vectors.Count == 0)
            return;
        foreach (var name in fields.Vectors)
        {
            if (workspace.FindSpace(name) is null)
            {
                throw Refuse.Invalid("return_fields.vectors",
                    $"The workspace has no vector space '{MetadataRules.Shorten(name)}': {workspace.SpaceNames}.");
            }
        }
    }
}
