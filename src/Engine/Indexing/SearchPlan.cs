using Rag.Engine.Hnsw;

namespace Rag.Engine.Indexing;

/// <summary>How a search behind a filter goes about it, and with what pool.</summary>
/// <remarks>
/// Chosen by measured cost at the recall that is asked for. How many rows are accepted says what a scan costs; what
/// share is accepted around the query says what a walk costs:
/// <code>
/// half and more                → walk through all rows, with room for k of those that are accepted
/// a share like everywhere      → walk among accepted rows
/// another one than everywhere  → the same with a somewhat larger pool: curves were measured behind random filters
/// next to none                 → the query looks at what the filter leaves from outside, where many rows are about as
///                                near and do not lead to each other: a far larger pool, or a scan
/// </code>
/// A plan that costs more than a scan is one.
/// </remarks>
internal readonly record struct SearchPlan(SearchPath Path, int Ef)
{
    /// <summary>The row of the lowest layer to begin at; −1 if nobody has looked for one.</summary>
    public int Start { get; init; } = -1;

    /// <summary>The share of accepted rows that the walk is expected to meet.</summary>
    public double Share { get; init; } = 1;

    /// <summary>Whether fewer are accepted around the query than everywhere.</summary>
    public bool IsOutside { get; init; }

    /// <summary>What remains of a share around the query when it lies outside of what is accepted.</summary>
    private const double OutsideShare = 0.25;

    /// <summary>Where more than this is accepted around a query, walks find what is near (measured on clusters: recall
    /// .93 above, .55 below).</summary>
    private const double MostOutside = 0.05;

    /// <summary>What remains of a share where it is worth to begin at rows from all over the index, too.</summary>
    private const double SeededShare = 0.5;

    /// <summary>How many times larger a pool has to be there, divided by the accepted share: in clusters 8 times gives
    /// .97 behind half of the rows, and .86 behind a tenth.</summary>
    private const double OutsideEffort = 4;

    /// <summary>How many times more again where nothing at all is accepted around the query.</summary>
    private const double FarOutside = 4;

    /// <summary>Below this share a walk through all rows meets too few that are accepted.</summary>
    private const double LeastOpenShare = 0.45;

    /// <summary>Shares this much larger than everywhere have to do with the query.</summary>
    private const double Correlated = 1.3;

    // A curve is measured with an error, and behind filters of one share only.
    private const float Margin = 0.005f;

    private const float CorrelatedMargin = 0.0125f;

    private const float MostRecall = 0.999f;

    /// <summary>A scan that costs less than so many walks without a filter is not worth a look around, which takes a
    /// quarter of one and finds something better for few filters.</summary>
    private const double LookFrom = 3.5;

    /// <summary>Whether finding out what lies around a query may save more than it costs.</summary>
    public static bool PaysToLook(int codeBytes, int limit, int accepted, int openEf) =>
        CostModel.ScanNs(codeBytes, limit, accepted) > LookFrom * CostModel.WalkNs(codeBytes, openEf);

    /// <summary>Chooses.</summary>
    /// <param name="codeBytes">Bytes of a code.</param>
    /// <param name="edges">Edges of a node in the lowest layer.</param>
    /// <param name="limit">Rows to pass in a scan.</param>
    /// <param name="accepted">Rows that the filter accepts.</param>
    /// <param name="share">Their share of all.</param>
    /// <param name="around">The same around the query; null if the filter has no set to walk among.</param>
    /// <param name="curves">What pools give.</param>
    /// <param name="effort">What is asked for.</param>
    /// <param name="k">Hits.</param>
    public static SearchPlan Choose(int codeBytes, int edges, int limit, int accepted, double share, double? around,
        RecallCurves curves, SearchEffort effort, int k)
    {
        var (best, cost) = (new SearchPlan(SearchPath.Scan, 0), CostModel.ScanNs(codeBytes, limit, accepted));
        var near = Math.Max(around ?? share, 1e-6);
        var asked = effort.Ef > 0 ? curves.Open.RecallOf(effort.EfFor(curves.Open, k), k) : effort.Target;
        var target = Math.Min(MostRecall, asked + (near > share * Correlated ? CorrelatedMargin : Margin));
        if (near >= LeastOpenShare || around is null)
        {
            var ef = curves.Open.EfFor(target, (int)Math.Min(SearchEffort.MaxEf, Math.Ceiling(k / near)));
            if (CostModel.WalkNs(codeBytes, ef) is var walk && walk < cost)
                (best, cost) = (new SearchPlan(SearchPath.Walk, ef), walk);
        }

        if (around is null)
            return best;
        double filteredEf = Math.Max(curves.Open.EfFor(target, k), curves.Filtered.EfFor(target, k));
        if (near < MostOutside && near < share * OutsideShare)
            filteredEf *= OutsideEffort / share * Math.Min(FarOutside, MostOutside / near);
        // Where it arrives there are more than where it begins; behind fewer than were measured, rows that are near stop
        // leading to each other.
        var met = Math.Max(share, near);
        filteredEf *= Math.Pow(Math.Max(1, RecallCurves.FilteredShare / met), 2);
        return CostModel.FilteredWalkNs(codeBytes, filteredEf, met, edges) < cost && filteredEf < accepted
            ? new SearchPlan(SearchPath.FilteredWalk, (int)filteredEf) { Share = met, IsOutside = near < share * SeededShare }
            : best;
    }
}
