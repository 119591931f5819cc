using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// What a score of one list counts in the mix. Made from the candidates of a search's first page, and kept by its
/// cursor, so that a chunk has the same mixed score on every page.
/// </summary>
/// <param name="Low">Counts 0, and so does all below.</param>
/// <param name="High">Counts 1, and so does all above; not above <paramref name="Low"/>: everything counts 1.</param>
/// <param name="Weight">What the list counts.</param>
internal readonly record struct ListScale(double Low, double High, double Weight)
{
    private const double Deviations = 3;
    private const double TrustedDeviations = 4;

    /// <summary>The scale of each list, for every method but by ranks.</summary>
    public static ListScale[] Of(IReadOnlyList<HitList> lists, Fusion? fusion)
    {
        var findsWeights = fusion is null or
        {
            HasDenseWeight: false, HasSparseWeight: false, HasSparseVectorWeight: false,
            Method: FusionMethod.Unspecified or FusionMethod.Scaled,
        };
        var isDistribution = fusion?.Method is FusionMethod.Distribution;
        return
        [
            .. lists.Select(list => Of(
                list.Hits, isDistribution, findsWeights ? TrustIn(list.Hits) : list.Kind.WeightIn(fusion) ?? 1.0)),
        ];
    }

    public double PartOf(float score) => High > Low ? Math.Clamp((score - Low) / (High - Low), 0, 1) : 1;

    private static ListScale Of(IReadOnlyList<SearchHit> hits, bool isDistribution, double weight)
    {
        if (hits.Count == 0)
            return new ListScale(0, 0, weight);
        if (!isDistribution)
            return new ListScale(hits[^1].Score, hits[0].Score, weight);
        var (low, high) = SpreadOf(hits);
        return new ListScale(low, high, weight);
    }

    // A list whose best stand out by many standard deviations knows what it is looking for; one whose scores are all
    // alike does not. On five public collections and two encoders this was above either list everywhere, and on average
    // above every fixed weight; the figures stand in docs/search.md.
    private static double TrustIn(IReadOnlyList<SearchHit> hits)
    {
        if (hits.Count < 2)
            return 1;
        var (low, high) = SpreadOf(hits);
        return high > low
            ? 1 + 2 * Deviations * (hits[0].Score - hits[^1].Score) / (TrustedDeviations * (high - low))
            : 1;
    }

    private static (double Low, double High) SpreadOf(IReadOnlyList<SearchHit> hits)
    {
        var mean = hits.Average(static hit => (double)hit.Score);
        var deviation = Math.Sqrt(hits.Sum(hit => (hit.Score - mean) * (hit.Score - mean)) / hits.Count);
        return (mean - Deviations * deviation, mean + Deviations * deviation);
    }
}
