using System.Diagnostics;
using Rag.Engine.Exact;
using Rag.Engine.Hnsw;
using Rag.Engine.Quantization;
using Rag.Engine.Rows;

namespace Rag.Engine.Indexing;

/// <summary>
/// The reader's side of an index: candidates by code, from a walk or a scan, then their exact order.
/// <code>
/// query → code → walk the graph (all rows) → those the filter accepts ─┐
///              └ or scan the accepted rows ────────────────────────────┴→ score in full precision → hits
/// </code>
/// The walk goes through rejected rows, with a pool as much larger as the filter is selective; if that costs more than
/// scanning what is accepted, or too few are found, the accepted rows are scanned: k hits come whenever k exist.
/// Thread-safe, lock-free.
/// </summary>
internal sealed unsafe class IndexSearch<TScorer>(
    Metric metric, VectorRows rows, ICodec<TScorer> codec, CodeStore codes)
    where TScorer : struct, IScorer
{
    private HnswGraph? _graph;
    private RecallTable _recall = RecallTable.Unmeasured;

    /// <summary>The graph that searches walk; null while they scan.</summary>
    public HnswGraph? Graph
    {
        get => Volatile.Read(ref _graph);
        set => Volatile.Write(ref _graph, value);
    }

    /// <summary>What pool sizes give here.</summary>
    public RecallTable Recall
    {
        get => Volatile.Read(ref _recall);
        set => Volatile.Write(ref _recall, value);
    }

    public int Run<TFilter>(ReadOnlySpan<float> query, SearchEffort effort, TFilter filter, int acceptedEstimate,
        Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter
    {
        counters = default;
        var scratch = ScratchPool.Rent();
        var limit = codes.Limit; // before the views: they then have room for every row below it
        var view = codes.Current;
        scratch.Hold(view.CodeOwner);
        scratch.Hold(view.NormOwner);
        var exact = new ExactScorer(metric, query);
        var top = new TopHits(hits);
        if (effort.Exact || limit == 0 || hits.IsEmpty)
        {
            var scored = FlatScan.FullPrecision(exact, rows, view, limit, filter, ref top);
            counters = new SearchCounters(0, 0, scored, 0);
        }
        else
        {
            var scorer = codec.Scorer(view, scratch.Query(codec.QueryBytes));
            scorer.Bind(query);
            counters = FindCandidates(scorer, view, limit, effort, filter, acceptedEstimate, hits.Length, scratch);
            counters = counters with { Reranked = Rerank(exact, scratch.Chosen, ref top) };
        }

        ScratchPool.Return(scratch);
        return top.Count;
    }

    private SearchCounters FindCandidates<TFilter>(TScorer scorer, CodeStore.View view, int limit,
        SearchEffort effort, TFilter filter, int acceptedEstimate, int k, SearchScratch scratch)
        where TFilter : struct, IRowFilter
    {
        var count = Math.Max(1, codes.Count);
        var accepted = acceptedEstimate < 0 ? count : Math.Min(acceptedEstimate, count);
        var share = Math.Max(1, accepted) / (double)count;
        var total = default(WalkCost);
        if (Graph is { } graph)
        {
            var entry = graph.Entry;
            var edges = graph.Current;
            edges.HoldIn(scratch);
            var wanted = Math.Max(k, Effort(effort, k)) / share;
            var scan = CostModel.ScanNs(codec.CodeBytes, limit, accepted);
            for (var first = true; wanted < count; first = false, wanted *= 4)
            {
                if (!(first && share > 0.5) && CostModel.WalkNs(codec.CodeBytes, wanted) > scan)
                    break;
                var startedAt = Stopwatch.GetTimestamp();
                var cost = GraphWalk.Search(edges, entry, limit, scorer, scratch, (int)Math.Ceiling(wanted));
                CostModel.NoteWalk(codec.CodeBytes, cost.Distances, startedAt);
                total = new WalkCost(total.Distances + cost.Distances, total.Expanded + cost.Expanded);
                Keep(scratch, scorer, view, filter, k, codec.Rerank(k));
                if (scratch.Chosen.Count >= k)
                    return new SearchCounters(total.Distances, total.Expanded, 0, (int)Math.Ceiling(wanted));
            }
        }

        scratch.Chosen.Reset(Math.Min(codec.Rerank(k), limit));
        var scanStart = Stopwatch.GetTimestamp();
        var scanned = FlatScan.Codes(scorer, view, limit, filter, share < 0.5, scratch.Chosen);
        CostModel.NoteScan(codec.CodeBytes, limit, scanned, scanStart);
        KeepDoubtful(scratch.Chosen, scorer, k);
        return new SearchCounters(total.Distances + scanned, total.Expanded, 0, 0);
    }

    /// <summary>
    /// Moves present and accepted rows of the pool to the chosen ones: the nearest <paramref name="k"/>, and those after
    /// them that may be nearer in full precision, at most <paramref name="max"/>.
    /// </summary>
    public static void Keep<TFilter>(SearchScratch scratch, TScorer scorer, CodeStore.View view, TFilter filter, int k,
        int max)
        where TFilter : struct, IRowFilter
    {
        var (pool, chosen) = (scratch.Pool, scratch.Chosen);
        var farthest = uint.MaxValue;
        chosen.Reset(Math.Min(max, pool.Count));
        for (var i = 0; i < pool.Count && chosen.Count < max && pool.Distance(i) <= farthest; i++)
        {
            var row = pool.Row(i);
            if (!view.Contains(row) || !filter.Accepts(row))
                continue;
            chosen.Append(pool.Distance(i), row);
            if (chosen.Count == k)
                farthest = scorer.Doubtful(pool.Distance(i));
        }
    }

    /// <summary>Lets go of what cannot be among the nearest <paramref name="k"/> in full precision.</summary>
    private static void KeepDoubtful(CandidatePool chosen, TScorer scorer, int k)
    {
        if (chosen.Count <= k)
            return;
        var farthest = scorer.Doubtful(chosen.Distance(k - 1));
        var count = k;
        while (count < chosen.Count && chosen.Distance(count) <= farthest)
            count++;
        chosen.Truncate(count);
    }

    private int Rerank(in ExactScorer exact, CandidatePool candidates, ref TopHits top)
    {
        for (var i = 0; i < candidates.Count; i++)
            rows.Prefetch(candidates.Row(i));
        for (var i = 0; i < candidates.Count; i++)
            top.Add(candidates.Row(i), exact.Score(rows[candidates.Row(i)]));
        return candidates.Count;
    }

    private int Effort(SearchEffort effort, int k) => effort.Ef > 0
        ? Math.Min(effort.Ef, SearchEffort.MaxEf)
        : Recall.EfFor(effort.RecallTarget > 0 ? effort.RecallTarget : SearchEffort.DefaultRecallTarget, k);
}
