using Rag.Engine.Hnsw;

namespace Rag.Engine.Indexing;

/// <summary>How a search behind a filter goes about it, and with what pool.</summary>
/// <remarks>
/// Chosen by measured cost at the recall that is asked for. How many rows are accepted says what a scan costs; what
/// share is accepted around the query says what a walk costs:
/// <code>
/// most                            → walk through all rows, with a pool as much larger
/// about as many as everywhere     → walk among accepted rows
/// fewer                           → the same with a far larger pool
/// next to none                    → scan: the query looks at what the filter leaves from outside, where many rows are
///                                   about as near and do not lead to each other; no pool could be trusted
/// </code>
/// A plan that costs more than a scan is one.
/// </remarks>
internal readonly record struct SearchPlan(SearchPath Path, int Ef)
{
    /// <summary>What remains of a share around the query when it lies outside of what is accepted.</summary>
    private const double OutsideShare = 0.25;

    /// <summary>Below this share a walk through all rows meets too few that are accepted.</summary>
    private const double LeastOpenShare = 0.2;

    // A curve is measured with an error, and behind filters of one share only.
    private const float Margin = 0.005f;

    /// <summary>Chooses.</summary>
    /// <param name="codeBytes">Bytes of a code.</param>
    /// <param name="edges">Edges of a node in the lowest layer.</param>
    /// <param name="limit">Rows to pass in a scan.</param>
    /// <param name="accepted">Rows that the filter accepts.</param>
    /// <param name="share">Their share of all.</param>
    /// <param name="around">The same around the query.</param>
    /// <param name="curves">What pools give.</param>
    /// <param name="effort">What is asked for.</param>
    /// <param name="k">Hits.</param>
    public static SearchPlan Choose(int codeBytes, int edges, int limit, int accepted, double share, double around,
        RecallCurves curves, SearchEffort effort, int k)
    {
        var scan = CostModel.ScanNs(codeBytes, limit, accepted);
        var open = effort.EfFor(curves.Open, k);
        var (best, cost) = (new SearchPlan(SearchPath.Scan, 0), scan);
        if (around < share * OutsideShare)
            return best;
        // The fewer there are than everywhere, the less that is near leads to what is accepted and near.
        var sparse = Math.Max(1, share / around) * Math.Max(1, share / around);
        if (around >= LeastOpenShare)
        {
            var ef = open / around * sparse;
            if (CostModel.WalkNs(codeBytes, ef) is var walk && walk < cost)
                (best, cost) = (new SearchPlan(SearchPath.Walk, (int)Math.Ceiling(ef)), walk);
        }

        var target = Math.Min(0.999f, Margin + (effort.Ef > 0 ? curves.Open.RecallOf(open, k) : effort.Target));
        var filteredEf = Math.Max(open, curves.Filtered.EfFor(target, k)) * sparse;
        return CostModel.FilteredWalkNs(codeBytes, filteredEf, around, edges) < cost && filteredEf < accepted
            ? new SearchPlan(SearchPath.FilteredWalk, (int)filteredEf)
            : best;
    }
}
