using Rag.Engine.Hnsw;

namespace Rag.Engine.Indexing;

/// <summary>How a search behind a filter goes about it, and with what pool.</summary>
/// <remarks>
/// Chosen by measured cost at the recall that is asked for. How many rows are accepted says what a scan costs; what
/// share is accepted around the query says what a walk costs:
/// <code>
/// most                            → walk through all rows, with a pool as much larger
/// about as many as everywhere     → walk among accepted rows
/// far fewer (the query and what the filter leaves lie apart)
///                                 → the same with a far larger pool, or a scan
/// </code>
/// </remarks>
internal readonly record struct SearchPlan(SearchPath Path, int Ef)
{
    /// <summary>What remains of a share around the query until it lies outside of what is accepted.</summary>
    public const double OutsideShare = 0.5;

    /// <summary>Below this share a walk through all rows meets too few that are accepted.</summary>
    private const double LeastOpenShare = 0.2;

    // A curve is measured with an error, and behind filters of one share only.
    private const float Margin = 0.005f;

    // The share that the curve of searches from outside is measured with.
    private const double MeasuredShare = 0.1;

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
        if (around >= LeastOpenShare)
        {
            var ef = open / around;
            if (CostModel.WalkNs(codeBytes, ef) is var walk && walk < cost)
                (best, cost) = (new SearchPlan(SearchPath.Walk, (int)Math.Ceiling(ef)), walk);
        }

        var isOutside = around < share * OutsideShare;
        var target = Math.Min(0.999f, Margin + (effort.Ef > 0 ? curves.Open.RecallOf(open, k) : effort.Target));
        var filteredEf = Math.Max(open, curves.Filtered.EfFor(target, k));
        if (isOutside)
        {
            // The more is accepted, the less there is outside of it.
            var part = Math.Clamp(Math.Log(share) / Math.Log(MeasuredShare), 0, 1);
            filteredEf = (int)(filteredEf * Math.Pow(Math.Max(1, curves.Outside.EfFor(target, k) / (double)filteredEf), part));
        }

        // Once among rows that lie apart, a walk finds mostly such rows.
        var density = isOutside ? Math.Max(share, 0.25) : Math.Max(share, around);
        return CostModel.FilteredWalkNs(codeBytes, filteredEf, density, edges) < cost && filteredEf < accepted
            ? new SearchPlan(SearchPath.FilteredWalk, filteredEf)
            : best;
    }
}
