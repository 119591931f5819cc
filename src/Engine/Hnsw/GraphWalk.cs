using Rag.Engine.Kernels;
using Rag.Engine.Quantization;

namespace Rag.Engine.Hnsw;

/// <summary>
/// The search over a graph; knows edges and distances, no metric, no storage, no filter. Reads only, without locks.
/// </summary>
internal static unsafe class GraphWalk
{
    /// <summary>Fills the scratch's pool with the <paramref name="ef"/> nearest rows found in the lowest layer.</summary>
    /// <param name="barred">A row to walk around, as if it were not there; −1 for none.</param>
    public static WalkCost Search<TScorer>(in HnswGraph.View graph, (int Row, int Layer) entry, int limit,
        TScorer scorer, SearchScratch scratch, int ef, int barred = -1)
        where TScorer : struct, IScorer
    {
        if (entry.Row < 0 || entry.Row >= limit)
        {
            scratch.Pool.Reset(0);
            return default;
        }

        var (start, distances) = Descend(graph, entry, 1, limit, scorer, scratch);
        var cost = SearchLayer(graph, 0, start, limit, scorer, scratch, ef, barred);
        return cost with { Distances = cost.Distances + distances };
    }

    /// <summary>Walks greedily from the entry down to <paramref name="lowest"/>; the nearest row found there.</summary>
    public static (int Row, int Distances) Descend<TScorer>(in HnswGraph.View graph, (int Row, int Layer) entry,
        int lowest, int limit, TScorer scorer, SearchScratch scratch)
        where TScorer : struct, IScorer
    {
        var visited = scratch.Visited;
        var batch = scratch.FirstBatch;
        var (best, nearest, distances) = (entry.Row, scorer.Distance(entry.Row), 1);
        visited.Reset(limit);
        visited.Add(best);
        for (var layer = entry.Layer; layer >= lowest; layer--)
        {
            for (var from = -1; from != best;)
            {
                from = best;
                var count = Gather(graph, layer, from, limit, scorer, visited, batch);
                distances += count;
                for (var i = 0; i < count; i++)
                {
                    if (scorer.Bound(batch[i]) < nearest && scorer.Distance(batch[i]) is var other && other < nearest)
                        (best, nearest) = (batch[i], other);
                }
            }
        }

        return (best, distances);
    }

    /// <summary>
    /// The walk itself. Two batches overlap: while the distances of one are computed, the codes of the next are on their
    /// way from memory, so the price is a candidate chosen one step too early now and then.
    /// </summary>
    public static WalkCost SearchLayer<TScorer>(in HnswGraph.View graph, int layer, int start, int limit,
        TScorer scorer, SearchScratch scratch, int ef, int barred = -1)
        where TScorer : struct, IScorer
    {
        var (pool, visited) = (scratch.Pool, scratch.Visited);
        var batch = scratch.FirstBatch;
        var ahead = scratch.SecondBatch;
        var (expanded, distances) = (0, 1);
        pool.Reset(ef);
        visited.Reset(limit);
        visited.Add(start);
        if (barred >= 0)
            visited.Add(barred);
        pool.Add(scorer.Distance(start), start);
        var count = 0;
        while (true)
        {
            var next = pool.TakeNearest();
            if (next < 0 && count == 0)
                return new WalkCost(distances, expanded);
            var aheadCount = next < 0 ? 0 : Gather(graph, layer, next, limit, scorer, visited, ahead);
            expanded += next < 0 ? 0 : 1;
            distances += count;
            count = KeepNear(batch, count, scorer, pool.Worst);
            for (var i = 0; i < count; i++)
                pool.Add(scorer.Distance(batch[i]), batch[i]);
            if (layer == 0 && pool.PeekNearest() is >= 0 and var likely)
                Prefetch.Lines((byte*)graph.Lowest(likely), graph.MaxEdges(0) * sizeof(int));
            var scored = batch;
            batch = ahead;
            ahead = scored;
            count = aheadCount;
        }
    }

    /// <summary>Moves the rows that may be nearer than <paramref name="worst"/> to the front; returns how many.</summary>
    private static int KeepNear<TScorer>(int* rows, int count, TScorer scorer, uint worst)
        where TScorer : struct, IScorer
    {
        var kept = 0;
        for (var i = 0; i < count; i++)
        {
            if (scorer.Bound(rows[i]) >= worst)
                continue;
            rows[kept++] = rows[i];
            scorer.PrefetchRest(rows[i]);
        }

        return kept;
    }

    private static int Gather<TScorer>(in HnswGraph.View graph, int layer, int row, int limit, TScorer scorer,
        VisitedSet visited, int* fresh)
        where TScorer : struct, IScorer
    {
        var edges = graph.Edges(row, layer);
        if (edges == null)
            return 0;
        var count = visited.AddNew(edges, graph.MaxEdges(layer), limit, fresh);
        for (var i = 0; i < count; i++)
            scorer.PrefetchBound(fresh[i]);
        return count;
    }
}
