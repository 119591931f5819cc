using Rag.Engine.Hnsw;
using Rag.Engine.Indexing;
using Rag.Engine.Quantization;

namespace Rag.Engine.Exact;

/// <summary>Compares with every row that a filter accepts. Reads only, without locks.</summary>
internal static class FlatScan
{
    /// <summary>Fills the pool with the nearest accepted rows by their codes; returns the distances computed.</summary>
    /// <param name="filterFirst">Whether asking the filter is likely to save a distance.</param>
    public static int Codes<TScorer, TFilter>(TScorer scorer, CodeStore.View codes, int limit, TFilter filter,
        bool filterFirst, CandidatePool pool)
        where TScorer : struct, IScorer
        where TFilter : struct, IRowFilter
    {
        var distances = 0;
        for (var row = 0; row < limit; row++)
        {
            if (filterFirst && !(codes.Contains(row) && filter.Accepts(row)))
                continue;
            distances++;
            if (scorer.Bound(row) >= pool.Worst)
                continue;
            var distance = scorer.Distance(row);
            if (distance >= pool.Worst)
                continue;
            if (filterFirst || codes.Contains(row) && filter.Accepts(row))
                pool.Add(distance, row);
        }

        return distances;
    }

    /// <summary>Scores every accepted row in full precision; returns how many.</summary>
    public static int FullPrecision<TFilter>(in ExactScorer scorer, Rows.VectorRows rows, CodeStore.View codes,
        int limit, TFilter filter, ref TopHits hits)
        where TFilter : struct, IRowFilter
    {
        var scored = 0;
        for (var row = 0; row < limit; row++)
        {
            if (!codes.Contains(row) || !filter.Accepts(row))
                continue;
            scored++;
            hits.Add(row, scorer.Score(rows[row]));
        }

        return scored;
    }
}
