using Rag.Engine.Quantization;

namespace Rag.Engine.Hnsw;

/// <summary>
/// Links rows into a graph. One at a time, or several threads with <see cref="EdgeLocks"/>; searches go on meanwhile.
/// A row's lists and code must be in place before.
/// </summary>
internal sealed unsafe class GraphBuilder<TScorer>(
    HnswGraph graph, CodeStore codes, ICodec<TScorer> codec, int efConstruction)
    where TScorer : struct, IScorer
{
    /// <summary>Links one row; <paramref name="locks"/> is null when this is the only thread.</summary>
    public void Link(int row, EdgeLocks? locks)
    {
        var scratch = ScratchPool.Rent();
        try
        {
            Link(row, locks, scratch);
        }
        finally
        {
            ScratchPool.Return(scratch);
        }
    }

    private void Link(int row, EdgeLocks? locks, SearchScratch scratch)
    {
        var layer = graph.LayerOf(row);
        var entry = EnterOrBecomeEntry(row, layer, locks);
        if (entry.Row < 0)
            return;
        var limit = codes.Limit;
        var view = graph.Current;
        var stored = codes.Current;
        view.HoldIn(scratch);
        scratch.Hold(stored.CodeOwner);
        scratch.Hold(stored.NormOwner);
        var scorer = codec.Scorer(stored, scratch.Query(codec.QueryBytes));
        var pairScorer = codec.Scorer(stored, scratch.PairQuery(codec.QueryBytes));
        scorer.Bind(row);
        // A number that is given out again may still be pointed at: the row must not find itself, for it leads nowhere.
        var (nearest, _) = GraphWalk.Descend(view, entry, layer + 1, limit, scorer, scratch, barred: row);
        var top = Math.Min(layer, entry.Layer);
        for (var l = top; l >= 0; l--)
        {
            GraphWalk.SearchLayer(view, l, nearest, limit, scorer, scratch, efConstruction, barred: row);
            Choose(stored, row, pairScorer, scratch, scratch.LayerEdges(l));
            // A row of this layer has lists in all layers below; one that was removed has none.
            nearest = scratch.LayerEdges(l)[0] is >= 0 and var first ? first : nearest;
        }

        // From below: whoever meets the row in a layer finds its lists in the layers below in place.
        for (var l = 0; l <= top; l++)
            LinkLayer(view, stored, row, l, pairScorer, scratch, locks);

        if (layer > entry.Layer)
            RaiseEntry(row, layer, locks);
    }

    /// <summary>Chooses a row's edges among what was found in a layer; the list ends at −1.</summary>
    private void Choose(CodeStore.View stored, int row, TScorer pairScorer, SearchScratch scratch, int* chosen)
    {
        var (pool, candidates) = (scratch.Pool, scratch.Chosen);
        candidates.Reset(pool.Count);
        for (var i = 0; i < pool.Count; i++)
        {
            if (pool.Row(i) != row && stored.Contains(pool.Row(i)))
                candidates.Append(pool.Distance(i), pool.Row(i));
        }

        chosen[EdgeSelection.Select(candidates, graph.M, pairScorer, chosen)] = -1;
    }

    private static void LinkLayer(in HnswGraph.View view, CodeStore.View stored, int row, int layer, TScorer pairScorer,
        SearchScratch scratch, EdgeLocks? locks)
    {
        var chosen = scratch.LayerEdges(layer);
        var count = Length(chosen, SearchScratch.MaxEdges);
        locks?.Enter(row);
        Append(view.Edges(row, layer), view.MaxEdges(layer), chosen, count);
        locks?.Exit(row);
        for (var i = 0; i < count; i++)
        {
            locks?.Enter(chosen[i]);
            LinkBack(view, stored, chosen[i], row, layer, pairScorer, scratch);
            locks?.Exit(chosen[i]);
        }
    }

    /// <summary>Adds an edge; a full list is chosen anew from what it has and the newcomer.</summary>
    public static void LinkBack(in HnswGraph.View view, CodeStore.View stored, int from, int to, int layer,
        TScorer pairScorer, SearchScratch scratch)
    {
        var edges = view.Edges(from, layer);
        var max = view.MaxEdges(layer);
        if (edges == null)
            return;
        var count = Length(edges, max);
        if (new ReadOnlySpan<int>(edges, count).Contains(to))
            return;
        if (count < max)
        {
            Volatile.Write(ref edges[count], to);
            return;
        }

        var candidates = scratch.Chosen;
        candidates.Reset(max + 1);
        pairScorer.Bind(from);
        candidates.Add(pairScorer.Distance(to), to);
        for (var i = 0; i < count; i++)
        {
            if (stored.Contains(edges[i]))
                candidates.Add(pairScorer.Distance(edges[i]), edges[i]);
        }

        var chosen = scratch.EdgeList;
        Replace(edges, max, chosen, EdgeSelection.Select(candidates, max, pairScorer, chosen));
    }

    /// <summary>Overwrites a list front to back, then cuts its end: readers always find valid rows.</summary>
    public static void Replace(int* edges, int max, int* chosen, int count)
    {
        for (var i = 0; i < count; i++)
            Volatile.Write(ref edges[i], chosen[i]);
        for (var i = count; i < max; i++)
            Volatile.Write(ref edges[i], -1);
    }

    public static int Length(int* edges, int max)
    {
        var end = new ReadOnlySpan<int>(edges, max).IndexOf(-1);
        return end < 0 ? max : end;
    }

    private static void Append(int* edges, int max, int* chosen, int count)
    {
        // Another thread may have linked back to this row already.
        var at = Length(edges, max);
        for (var i = 0; i < count && at < max; i++)
        {
            if (!new ReadOnlySpan<int>(edges, at).Contains(chosen[i]))
                Volatile.Write(ref edges[at++], chosen[i]);
        }
    }

    private (int Row, int Layer) EnterOrBecomeEntry(int row, int layer, EdgeLocks? locks)
    {
        var entry = graph.Entry;
        if (entry.Row >= 0)
            return entry;
        if (locks is null)
        {
            graph.Entry = (row, layer);
            return entry;
        }

        lock (locks)
        {
            entry = graph.Entry;
            if (entry.Row < 0)
                graph.Entry = (row, layer);
            return entry;
        }
    }

    private void RaiseEntry(int row, int layer, EdgeLocks? locks)
    {
        if (locks is null)
        {
            graph.Entry = (row, layer);
            return;
        }

        lock (locks)
        {
            if (graph.Entry.Layer < layer)
                graph.Entry = (row, layer);
        }
    }
}
