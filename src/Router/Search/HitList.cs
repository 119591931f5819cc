using Google.Protobuf.Collections;
using Rag.Internal.V1;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>One of the lists that a hybrid search mixes.</summary>
/// <param name="Kind">What it was found by.</param>
/// <param name="Hits">Best first.</param>
internal readonly record struct HitList(ListKind Kind, List<SearchHit> Hits);

/// <summary>What a list of hits was found by, in the order in which lists are mixed.</summary>
internal enum ListKind
{
    Dense,
    Words,
    SparseVector,
}

/// <summary>What differs from kind to kind.</summary>
internal static class ListKinds
{
    /// <summary>What a search mixes; one that mixes nothing has the first list of the answer alone.</summary>
    public static ListKind[] Of(SearchRequest search, bool hasWords) =>
        (search.Mode is SearchMode.Hybrid, hasWords, search.SparseVector is not null) switch
        {
            (true, true, true) => [ListKind.Dense, ListKind.Words, ListKind.SparseVector],
            (true, false, true) => [ListKind.Dense, ListKind.SparseVector],
            (true, _, false) => [ListKind.Dense, ListKind.Words],
            _ => [ListKind.Dense],
        };

    /// <summary>The list of this kind in a shard's answer.</summary>
    public static RepeatedField<SearchHit> HitsOf(this ListKind kind, SearchSlicesResponse response) => kind switch
    {
        ListKind.Dense => response.Hits,
        ListKind.Words => response.TextHits,
        _ => response.SparseVectorHits,
    };

    /// <summary>What a caller says that the list counts; null if nothing.</summary>
    public static float? WeightIn(this ListKind kind, Fusion? fusion) => (kind, fusion) switch
    {
        (ListKind.Dense, { HasDenseWeight: true }) => fusion.DenseWeight,
        (ListKind.Words, { HasSparseWeight: true }) => fusion.SparseWeight,
        (ListKind.SparseVector, { HasSparseVectorWeight: true }) => fusion.SparseVectorWeight,
        _ => null,
    };

    /// <summary>Writes down what a hit scored in its list.</summary>
    public static void SetScore(this ListKind kind, SearchHit hit, float score)
    {
        switch (kind)
        {
            case ListKind.Dense:
                hit.DenseScore = score;
                break;
            case ListKind.Words:
                hit.SparseScore = score;
                break;
            default:
                hit.SparseVectorScore = score;
                break;
        }
    }

    /// <summary>Asks a shard for what scores so much in the list at least.</summary>
    public static void SetThreshold(this ListKind kind, SearchSlicesRequest request, float threshold)
    {
        switch (kind)
        {
            case ListKind.Dense:
                request.ScoreThreshold = threshold;
                break;
            case ListKind.Words:
                request.TextThreshold = threshold;
                break;
            default:
                request.SparseVectorThreshold = threshold;
                break;
        }
    }
}
