using Rag.Engine.Indexing;
using Rag.Engine.Kernels;
using Rag.Engine.Quantization;

namespace Rag.Engine.Hnsw;

/// <summary>
/// A search over a graph among accepted rows only: rejected neighbours are bridges to theirs (after ACORN: Patel and
/// others, 2024). It begins at accepted rows from all over the index besides the query's own neighbourhood, so that what
/// a filter leaves is found wherever it lies. Reads only, without locks.
/// </summary>
internal static unsafe class FilteredWalk
{
    /// <summary>Accepted rows from all over the index that a walk begins with.</summary>
    private const int Seeds = 64;

    private const int ListsAround = 16;

    /// <summary>
    /// Accepted neighbours below which a row's rejected neighbours are asked for theirs. As many as an open graph shows
    /// with M = 16; half of it needs a pool twice as large on hard data (words: 300 for a recall of .95 instead of 180).
    /// </summary>
    private const int Enough = 32;

    /// <summary>Fills the scratch's pool with the <paramref name="ef"/> nearest accepted rows found.</summary>
    /// <param name="start">The row of the lowest layer that lies near the query.</param>
    /// <param name="barred">A row to walk around, as if it were not there; −1 for none.</param>
    public static WalkCost Search<TScorer, TFilter>(in HnswGraph.View graph, int start, int limit,
        TScorer scorer, CodeStore.View codes, TFilter filter, SearchScratch scratch, int ef, int barred = -1)
        where TScorer : struct, IScorer
        where TFilter : struct, IRowFilter
    {
        var (pool, visited) = (scratch.Pool, scratch.Visited);
        var batch = scratch.FirstBatch;
        var ahead = scratch.SecondBatch;
        var nearness = scratch.Distances;
        pool.Reset(ef);
        visited.Reset(limit);
        visited.Add(start);
        if (barred >= 0)
            visited.Add(barred);
        var step = new Step<TFilter>(graph, limit, filter, visited, scratch.EdgeList);
        var distances = Seed(limit, codes, filter, visited, scorer, batch);
        scorer.Distances(batch, distances, nearness);
        for (var i = 0; i < distances; i++)
            pool.Add(nearness[i], batch[i]);
        var count = 0;
        if (codes.Contains(start) && filter.Accepts(start))
            batch[count++] = start;
        count += step.Gather(start, batch + count);
        for (var i = 0; i < count; i++)
            scorer.Prefetch(batch[i]);
        for (var expanded = 1; ;)
        {
            // As in the plain walk: what is scored now was gathered a step ago, and bridges were chosen a step before.
            var next = pool.TakeNearest();
            if (next < 0 && count == 0 && !step.HasBridges)
                return new WalkCost(distances, expanded);
            if (next >= 0)
                Prefetch.Lines((byte*)graph.Lowest(next), graph.MaxEdges(0) * sizeof(int));
            distances += count;
            count = scorer.KeepNear(batch, count, pool.Worst);
            var aheadCount = step.Cross(ahead);
            if (next >= 0)
            {
                expanded++;
                aheadCount += step.Gather(next, ahead + aheadCount);
            }

            for (var i = 0; i < aheadCount; i++)
                scorer.Prefetch(ahead[i]);
            scorer.Distances(batch, count, nearness);
            for (var i = 0; i < count; i++)
                pool.Add(nearness[i], batch[i]);
            var scored = batch;
            batch = ahead;
            ahead = scored;
            count = aheadCount;
        }
    }

    /// <summary>The share of accepted rows around a row: its neighbours', up to sixteen of them.</summary>
    public static double ShareAround<TFilter>(in HnswGraph.View graph, int row, int limit, TFilter filter)
        where TFilter : struct, IRowFilter
    {
        var max = graph.MaxEdges(0);
        var edges = graph.Lowest(row);
        var (asked, accepted, lists) = (0, 0, 0);
        for (; lists < Math.Min(max, ListsAround) && edges[lists] is >= 0 and var near; lists++)
        {
            if (near < limit)
                Prefetch.Lines((byte*)graph.Lowest(near), max * sizeof(int));
        }

        for (var i = 0; i < lists; i++)
        {
            if (edges[i] < 0 || edges[i] >= limit)
                continue;
            var beyond = graph.Lowest(edges[i]);
            for (var j = 0; j < max && beyond[j] >= 0; j++)
            {
                if (beyond[j] >= limit)
                    continue;
                accepted += filter.Accepts(beyond[j]) ? 1 : 0;
                asked++;
            }
        }

        return asked == 0 ? 1 : accepted / (double)asked;
    }

    private static int Seed<TScorer, TFilter>(int limit, CodeStore.View codes, TFilter filter, VisitedSet visited,
        TScorer scorer, int* seeds)
        where TScorer : struct, IScorer
        where TFilter : struct, IRowFilter
    {
        var count = 0;
        var step = Math.Max(1, limit / Seeds);
        for (var at = 0; at < limit && count < Seeds; at += step)
        {
            var row = filter.Next(at);
            if (row >= limit || !codes.Contains(row) || !filter.Accepts(row) || !visited.Add(row))
                continue;
            scorer.Prefetch(row);
            seeds[count++] = row;
        }

        return count;
    }

    /// <summary>What the walk learns from edges. Rows that were removed meanwhile are left out at its end.</summary>
    private ref struct Step<TFilter>(HnswGraph.View graph, int limit, TFilter filter, VisitedSet visited, int* bridges)
        where TFilter : struct, IRowFilter
    {
        private readonly HnswGraph.View _graph = graph;
        private readonly TFilter _filter = filter;
        private int _bridgeCount;
        private int _missing;

        public readonly bool HasBridges => _missing > 0 && _bridgeCount > 0;

        /// <summary>The accepted neighbours of a row that were not met yet; notes its rejected ones as bridges where
        /// too few are accepted.</summary>
        public int Gather(int row, int* fresh)
        {
            var max = _graph.MaxEdges(0);
            var edges = _graph.Lowest(row);
            var bits = visited.Bits;
            var (count, accepted, bridgeCount) = (0, 0, 0);
            for (var i = 0; i < max && edges[i] is >= 0 and var near; i++)
            {
                if (near >= limit)
                    continue;
                // No branches: what a filter accepts cannot be foreseen.
                var isAccepted = _filter.Accepts(near) ? 1 : 0;
                var isNew = (int)(~(bits[near >> 6] >> near) & 1);
                accepted += isAccepted;
                fresh[count] = near;
                count += isAccepted & isNew;
                bridges[bridgeCount] = near;
                bridgeCount += (1 - isAccepted) & isNew;
            }

            for (var i = 0; i < count; i++)
                visited.Add(fresh[i]);
            _missing = Enough - accepted;
            _bridgeCount = _missing > 0 ? bridgeCount : 0;
            // As many lists as are likely to be needed.
            var likely = Math.Min(_bridgeCount, _missing / Math.Max(accepted, 1) + 1);
            for (var i = 0; i < likely; i++)
                Prefetch.Lines((byte*)_graph.Lowest(bridges[i]), max * sizeof(int));
            return count;
        }

        /// <summary>The accepted rows behind the bridges, until there are enough.</summary>
        public int Cross(int* fresh)
        {
            var max = _graph.MaxEdges(0);
            var bits = visited.Bits;
            var count = 0;
            for (var i = 0; i < _bridgeCount && _missing > 0; i++)
            {
                visited.Add(bridges[i]);
                var edges = _graph.Lowest(bridges[i]);
                var before = count;
                for (var j = 0; j < max && edges[j] is >= 0 and var beyond; j++)
                {
                    if (beyond >= limit)
                        continue;
                    var isAccepted = _filter.Accepts(beyond) ? 1 : 0;
                    _missing -= isAccepted;
                    fresh[count] = beyond;
                    count += isAccepted & (int)(~(bits[beyond >> 6] >> beyond) & 1);
                }

                for (var j = before; j < count; j++)
                    visited.Add(fresh[j]);
            }

            (_bridgeCount, _missing) = (0, 0);
            return count;
        }
    }
}
