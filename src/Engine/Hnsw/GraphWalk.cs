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

        var (start, distances) = FindStart(graph, entry, limit, scorer, scratch, barred);
        var cost = SearchLayer(graph, 0, start, limit, scorer, scratch, ef, barred);
        return cost with { Distances = cost.Distances + distances };
    }

    /// <summary>The row of the lowest layer where a walk begins.</summary>
    public static (int Row, int Distances) FindStart<TScorer>(in HnswGraph.View graph, (int Row, int Layer) entry,
        int limit, TScorer scorer, SearchScratch scratch, int barred = -1)
        where TScorer : struct, IScorer
    {
        var (start, distances) = Descend(graph, entry, 1, limit, scorer, scratch, barred);
        // Removed a moment ago: from here the walk would end at once.
        return (graph.HasEdges(start, 0) ? start : entry.Row, distances);
    }

    /// <summary>
    /// Walks greedily from the entry down to <paramref name="lowest"/>; the nearest row found there. Never moves to a row
    /// without edges: one that was removed, or is being linked, would be a dead end for all layers below.
    /// </summary>
    public static (int Row, int Distances) Descend<TScorer>(in HnswGraph.View graph, (int Row, int Layer) entry,
        int lowest, int limit, TScorer scorer, SearchScratch scratch, int barred = -1)
        where TScorer : struct, IScorer
    {
        var visited = scratch.Visited;
        var batch = scratch.FirstBatch;
        var (best, nearest, distances) = (entry.Row, scorer.Distance(entry.Row), 1);
        visited.Reset(limit);
        visited.Add(best);
        if (barred >= 0)
            visited.Add(barred);
        for (var layer = entry.Layer; layer >= lowest; layer--)
        {
            for (var from = -1; from != best;)
            {
                from = best;
                var count = Gather(graph, layer, from, limit, scorer, visited, batch);
                distances += count;
                count = scorer.KeepNear(batch, count, nearest);
                scorer.Distances(batch, count, scratch.Distances);
                for (var i = 0; i < count; i++)
                {
                    if (scratch.Distances[i] < nearest && graph.HasEdges(batch[i], layer))
                        (best, nearest) = (batch[i], scratch.Distances[i]);
                }
            }
        }

        return (best, distances);
    }

    /// <summary>
    /// The walk itself. Two batches overlap: while one is computed, the edges and then the codes of the next are on their
    /// way from memory. The price is a candidate chosen one step too early now and then.
    /// <code>
    /// take n₁ → edges of n₁ on their way │ bounds of batch 0 │ gather batch 1 → its codes on their way │ distances of batch 0
    /// </code>
    /// </summary>
    public static WalkCost SearchLayer<TScorer>(in HnswGraph.View graph, int layer, int start, int limit,
        TScorer scorer, SearchScratch scratch, int ef, int barred = -1)
        where TScorer : struct, IScorer
    {
        var (pool, visited) = (scratch.Pool, scratch.Visited);
        var batch = scratch.FirstBatch;
        var ahead = scratch.SecondBatch;
        var nearness = scratch.Distances;
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
            if (layer == 0 && next >= 0)
                Prefetch.Lines((byte*)graph.Lowest(next), graph.MaxEdges(0) * sizeof(int));
            expanded += next < 0 ? 0 : 1;
            distances += count;
            count = scorer.KeepNear(batch, count, pool.Worst);
            var aheadCount = next < 0 ? 0 : Gather(graph, layer, next, limit, scorer, visited, ahead);
            if (layer == 0 && pool.PeekNearest() is >= 0 and var likely)
                Prefetch.Lines((byte*)graph.Lowest(likely), graph.MaxEdges(0) * sizeof(int));
            scorer.Distances(batch, count, nearness);
            for (var i = 0; i < count; i++)
                pool.Add(nearness[i], batch[i]);
            var scored = batch;
            batch = ahead;
            ahead = scored;
            count = aheadCount;
        }
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
            scorer.Prefetch(fresh[i]);
        return count;
    }
}
