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
    private readonly SearchRequest _search;
    private readonly Stamp[] _minStamps;

    private SearchPlan(SearchRequest search, Stamp[] minStamps, ByteString vector)
    {
        _search = search;
        _minStamps = minStamps;
        Vector = vector;
        K = search.K == 0 ? Limits.DefaultK : search.K;
    }

    /// <summary>Hits that the caller wants.</summary>
    public int K { get; }

    public int Offset => _search.Offset;

    public SearchRequest Search => _search;

    /// <summary>Little-endian float32; empty until the text is embedded.</summary>
    public ByteString Vector { get; private set; }

    public bool NeedsEmbedding => Vector.IsEmpty;

    /// <summary>Checks the search against the workspace.</summary>
    public static SearchPlan Of(SearchRequest search, KnownWorkspace workspace)
    {
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

    public SearchSlicesRequest ToRequest(Target target)
    {
        var request = new SearchSlicesRequest
        {
            Target = target,
            Space = _search.Space,
            Vector = Vector,
            K = K + _search.Offset,
            Filter = _search.Filter,
            ReturnFields = _search.ReturnFields ?? ReturnDefaults.Hits,
            Encoder = _search.Encoder,
        };
        if (Vector.IsEmpty)
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

        if (_search.HasScoreThreshold)
            request.ScoreThreshold = _search.ScoreThreshold;
        MinStamps.AddTo(request.MinStamps, _minStamps, target);
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
