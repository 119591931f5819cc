using Rag.Engine.Hnsw;
using Rag.Engine.Indexing;
using Rag.Engine.Quantization;

namespace Rag.Engine.Exact;

/// <summary>Compares with every row that a filter accepts. Reads only, without locks.</summary>
internal static unsafe class FlatScan
{
    /// <summary>Rows compared together: enough to share the work, few enough that the bound has just been tightened.</summary>
    private const int Batch = 32;

    /// <summary>Fills the pool with the nearest accepted rows by their codes; returns the distances computed.</summary>
    /// <param name="among">Rows to compare; all where it is empty.</param>
    public static int Codes<TScorer, TFilter>(TScorer scorer, CodeStore.View codes, int limit, TFilter filter,
        RowSet among, CandidatePool pool)
        where TScorer : struct, IScorer
        where TFilter : struct, IRowFilter
    {
        return among.Limit > 0
            ? Among(scorer, codes, limit, filter, among, pool)
            : All(scorer, codes, limit, filter, pool);
    }

    private static int All<TScorer, TFilter>(TScorer scorer, CodeStore.View codes, int limit, TFilter filter,
        CandidatePool pool)
        where TScorer : struct, IScorer
        where TFilter : struct, IRowFilter
    {
        var rows = stackalloc int[Batch];
        var distances = stackalloc uint[Batch];
        for (var first = 0; first < limit; first += Batch)
        {
            var count = Math.Min(Batch, limit - first);
            for (var i = 0; i < count; i++)
                rows[i] = first + i;
            count = scorer.KeepNear(rows, count, pool.Worst);
            scorer.Distances(rows, count, distances);
            for (var i = 0; i < count; i++)
            {
                if (distances[i] < pool.Worst && codes.Contains(rows[i]) && filter.Accepts(rows[i]))
                    pool.Add(distances[i], rows[i]);
            }
        }

        return limit;
    }

    // Rows that lie apart are not foreseen by the processor: while one batch is compared, the next is on its way. What
    // else there is to ask about a row lies elsewhere in memory, so it is asked of those that are near enough only.
    private static int Among<TScorer, TFilter>(TScorer scorer, CodeStore.View codes, int limit, TFilter filter,
        RowSet among, CandidatePool pool)
        where TScorer : struct, IScorer
        where TFilter : struct, IRowFilter
    {
        var rows = stackalloc int[Batch];
        var ahead = stackalloc int[Batch];
        var distances = stackalloc uint[Batch];
        var next = among.Begin();
        var (scanned, count) = (0, 0);
        do
        {
            var aheadCount = 0;
            while (aheadCount < Batch && next.MoveNext() && next.Row < limit)
            {
                ahead[aheadCount++] = next.Row;
                scorer.Prefetch(next.Row);
            }

            scanned += aheadCount;
            count = scorer.KeepNear(rows, count, pool.Worst);
            scorer.Distances(rows, count, distances);
            for (var i = 0; i < count; i++)
            {
                if (distances[i] < pool.Worst && codes.Contains(rows[i]) && filter.Accepts(rows[i]))
                    pool.Add(distances[i], rows[i]);
            }

            var compared = rows;
            rows = ahead;
            ahead = compared;
            count = aheadCount;
        }
        while (count > 0);
        return scanned;
    }

    /// <summary>Scores every accepted row in full precision; returns how many.</summary>
    public static int FullPrecision<TFilter>(in ExactScorer scorer, Rows.VectorRows rows, CodeStore.View codes,
        int limit, TFilter filter, ref TopHits hits)
        where TFilter : struct, IRowFilter
    {
        var scored = 0;
        for (var row = filter.Next(0); row < limit; row = filter.Next(row + 1))
        {
            if (!codes.Contains(row) || !filter.Accepts(row))
                continue;
            scored++;
            hits.Add(row, scorer.Score(rows[row]));
        }

        return scored;
    }
}
