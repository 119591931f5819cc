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
    /// <param name="filterFirst">Whether asking the filter is likely to save a distance.</param>
    public static int Codes<TScorer, TFilter>(TScorer scorer, CodeStore.View codes, int limit, TFilter filter,
        bool filterFirst, CandidatePool pool)
        where TScorer : struct, IScorer
        where TFilter : struct, IRowFilter
    {
        return filterFirst
            ? Accepted(scorer, codes, limit, filter, pool)
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

    // Rows that lie apart are not foreseen by the processor: while one batch is compared, the next is on its way.
    private static int Accepted<TScorer, TFilter>(TScorer scorer, CodeStore.View codes, int limit, TFilter filter,
        CandidatePool pool)
        where TScorer : struct, IScorer
        where TFilter : struct, IRowFilter
    {
        var rows = stackalloc int[Batch];
        var ahead = stackalloc int[Batch];
        var distances = stackalloc uint[Batch];
        var (scanned, count, row) = (0, 0, filter.Next(0));
        do
        {
            var aheadCount = 0;
            for (; row < limit && aheadCount < Batch; row = filter.Next(row + 1))
            {
                if (!codes.Contains(row) || !filter.Accepts(row))
                    continue;
                ahead[aheadCount++] = row;
                scorer.Prefetch(row);
            }

            scanned += count;
            count = scorer.KeepNear(rows, count, pool.Worst);
            scorer.Distances(rows, count, distances);
            for (var i = 0; i < count; i++)
                pool.Add(distances[i], rows[i]);
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
