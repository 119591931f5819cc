using Rag.Engine.Indexing;
using Rag.Engine.Kernels;
using Rag.Engine.Quantization;

namespace Rag.Engine.Hnsw;

/// <summary>
/// A search over a graph among accepted rows only: rejected neighbours are bridges to theirs (after ACORN: Patel and
/// others, 2024). Where few are accepted around the query it begins at accepted rows from all over the index besides, so that
/// what a filter leaves is found wherever it lies. Reads only, without locks.
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
    /// <param name="fromAllOver">Whether to begin at accepted rows from all over the index, too.</param>
    /// <param name="barred">A row to walk around, as if it were not there; −1 for none.</param>
    public static WalkCost Search<TScorer>(in HnswGraph.View graph, int start, int limit,
        TScorer scorer, CodeStore.View codes, RowSet accepted, SearchScratch scratch, int ef, bool fromAllOver, int barred = -1)
        where TScorer : struct, IScorer
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
        var step = new Step(graph, limit, accepted, visited, scratch.EdgeList);
        var distances = fromAllOver ? Seed(limit, codes, accepted, scratch, scorer) : 0;
        var count = 0;
        if (accepted.Has(start))
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
    public static double ShareAround(in HnswGraph.View graph, int row, int limit, RowSet accepted,
        SearchScratch scratch)
    {
        var max = graph.MaxEdges(0);
        var edges = graph.Lowest(row);
        var (asked, hits, lists) = (0, 0, 0);
        for (; lists < Math.Min(max, ListsAround) && edges[lists] is >= 0 and var near; lists++)
        {
            if (near < limit)
                Prefetch.Lines((byte*)graph.Lowest(near), max * sizeof(int));
        }

        for (var i = 0; i < lists; i++)
        {
            if (edges[i] < 0 || edges[i] >= limit)
                continue;
            var inside = accepted.Split(
                graph.Lowest(edges[i]), max, limit, scratch.FirstBatch, scratch.SecondBatch, out var outside);
            hits += inside;
            asked += inside + outside;
        }

        return asked == 0 ? 1 : hits / (double)asked;
    }

    // What is accepted need not have a vector here; what edges lead to has one.
    private static int Seed<TScorer>(int limit, CodeStore.View codes, RowSet accepted, SearchScratch scratch, TScorer scorer)
        where TScorer : struct, IScorer
    {
        var (pool, visited) = (scratch.Pool, scratch.Visited);
        var batch = scratch.FirstBatch;
        var (count, seeds, step) = (0, 0, Math.Max(1, limit / Seeds));
        for (var at = 0; ; at += step)
        {
            var row = at < limit ? accepted.Next(at) : int.MaxValue;
            if (row < limit && codes.Contains(row) && visited.Add(row))
            {
                scorer.Prefetch(row);
                batch[count++] = row;
            }

            if (count < SearchScratch.MaxEdges && at < limit)
                continue;
            seeds += count;
            count = scorer.KeepNear(batch, count, pool.Worst);
            scorer.Distances(batch, count, scratch.Distances);
            for (var i = 0; i < count; i++)
                pool.Add(scratch.Distances[i], batch[i]);
            count = 0;
            if (at >= limit)
                return seeds;
        }
    }

    /// <summary>What the walk learns from edges. Rows that were removed meanwhile are left out at its end.</summary>
    private ref struct Step(HnswGraph.View graph, int limit, RowSet accepted, VisitedSet visited, int* bridges)
    {
        private readonly HnswGraph.View _graph = graph;
        private readonly RowSet _accepted = accepted;
        private int _bridgeCount;
        private int _missing;

        public readonly bool HasBridges => _missing > 0 && _bridgeCount > 0;

        /// <summary>The accepted neighbours of a row that were not met yet; notes its rejected ones as bridges where
        /// too few are accepted.</summary>
        public int Gather(int row, int* fresh)
        {
            var max = _graph.MaxEdges(0);
            var count = _accepted.Split(_graph.Lowest(row), max, limit, fresh, bridges, out var bridgeCount);
            _missing = Enough - count;
            _bridgeCount = _missing > 0 ? bridgeCount : 0;
            // As many lists as are likely to be needed.
            var likely = Math.Min(_bridgeCount, _missing / Math.Max(count, 1) + 1);
            for (var i = 0; i < likely; i++)
                Prefetch.Lines((byte*)_graph.Lowest(bridges[i]), max * sizeof(int));
            return visited.AddNew(fresh, count, limit, fresh);
        }

        /// <summary>The accepted rows behind the bridges, until there are enough.</summary>
        public int Cross(int* fresh)
        {
            var max = _graph.MaxEdges(0);
            var count = 0;
            for (var i = 0; i < _bridgeCount && count < _missing; i++)
            {
                if (visited.Add(bridges[i]))
                    count += _accepted.Select(_graph.Lowest(bridges[i]), max, limit, fresh + count);
            }

            (_bridgeCount, _missing) = (0, 0);
            return visited.AddNew(fresh, count, limit, fresh);
        }
    }
}
