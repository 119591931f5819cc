using System.Diagnostics;
using Rag.Engine.Exact;
using Rag.Engine.Hnsw;
using Rag.Engine.Quantization;
using Rag.Engine.Rows;

namespace Rag.Engine.Indexing;

/// <summary>
/// The reader's side of an index: candidates by code, from a walk or a scan, then their exact order.
/// <code>
/// query → code → walk the graph, or walk it among accepted rows ─┐
///              └ or scan the accepted rows ──────────────────────┴→ score in full precision → hits
/// </code>
/// <see cref="SearchPlan"/> chooses. If too few are found, the accepted rows are scanned: k hits come whenever k exist.
/// Thread-safe, lock-free.
/// </summary>
internal sealed unsafe class IndexSearch<TScorer>(
    Metric metric, VectorRows rows, ICodec<TScorer> codec, CodeStore codes, QuerySamples queries)
    where TScorer : struct, IScorer
{
    /// <summary>How many times more rows than usual a scan keeps at most to score them in full precision.</summary>
    private const int MostRoom = 16;

    private const int RoomGrowth = 4;

    private HnswGraph? _graph;
    private RecallCurves _curves = RecallCurves.Unmeasured;

    /// <summary>The graph that searches walk; null while they scan.</summary>
    public HnswGraph? Graph
    {
        get => Volatile.Read(ref _graph);
        set
        {
            if (value is not null)
                queries.Open();
            Volatile.Write(ref _graph, value);
        }
    }

    /// <summary>Some of the queries that were asked while there was a graph.</summary>
    public QuerySamples Queries => queries;

    /// <summary>What pool sizes give here.</summary>
    public RecallCurves Curves
    {
        get => Volatile.Read(ref _curves);
        set => Volatile.Write(ref _curves, value);
    }

    public int Run<TFilter>(ReadOnlySpan<float> query, SearchEffort effort, TFilter filter, int acceptedEstimate,
        Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter
    {
        counters = default;
        var scratch = ScratchPool.Rent();
        var limit = codes.Limit; // before the views: they then have room for every row below it
        // A search of all rows in full precision needs no codes.
        var isExact = effort.Exact || limit == 0 || hits.IsEmpty;
        var view = isExact ? codes.Current : codes.Open(ref scratch.Codes);
        scratch.Hold(view.CodeOwner);
        scratch.Hold(view.NormOwner);
        var exact = new ExactScorer(metric, query);
        var top = new TopHits(hits);
        if (isExact)
        {
            var scored = FlatScan.FullPrecision(exact, rows, view, limit, filter, ref top);
            counters = new SearchCounters(0, 0, scored, 0, SearchPath.Scan);
        }
        else
        {
            var scorer = codec.Scorer(view, scratch.Query(codec.QueryBytes));
            scorer.Bind(query);
            queries.Offer(query);
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
        var words = filter.Bits;
        fixed (ulong* bits = words)
        {
            var set = new RowSet(bits, (int)Math.Min(int.MaxValue, words.Length * 64L));
            var total = default(WalkCost);
            if (Graph is { } graph && graph.Entry is { Row: >= 0 } entry && entry.Row < limit)
            {
                var edges = graph.Current;
                edges.HoldIn(scratch);
                var startedAt = Stopwatch.GetTimestamp();
                var plan = acceptedEstimate < 0
                    ? new SearchPlan(SearchPath.Walk, effort.EfFor(Curves.Open, k))
                    : Plan(edges, entry, scorer, limit, accepted, set, effort, k, scratch, ref total);
                if (plan.Path == SearchPath.FilteredWalk)
                {
                    total += FilteredWalk.Search(edges, plan.Start, limit, scorer, view, set, scratch, plan.Ef, plan.IsOutside);
                    CostModel.NoteFilteredWalk(codec.CodeBytes, plan.Ef, plan.Share, edges.MaxEdges(0), startedAt);
                    Keep(scratch, scorer, view, filter, k, codec.Rerank(k));
                    if (scratch.Chosen.Count >= k)
                        return new SearchCounters(total.Distances, total.Expanded, 0, plan.Ef, plan.Path);
                }

                // Each time too few of the pool are accepted, it grows until a scan is cheaper.
                var scan = CostModel.ScanNs(codec.CodeBytes, limit, accepted);
                var wanted = (long)plan.Ef;
                for (var first = true; plan.Path == SearchPath.Walk && wanted < count; first = false, wanted *= 4)
                {
                    if (!first && CostModel.WalkNs(codec.CodeBytes, wanted) > scan)
                        break;
                    var cost = plan.Start >= 0 && first
                        ? GraphWalk.SearchLayer(edges, 0, plan.Start, limit, scorer, scratch, (int)wanted)
                        : GraphWalk.Search(edges, entry, limit, scorer, scratch, (int)wanted);
                    CostModel.NoteWalk(codec.CodeBytes, cost.Distances, startedAt);
                    startedAt = Stopwatch.GetTimestamp();
                    total += cost;
                    Keep(scratch, scorer, view, filter, k, codec.Rerank(k));
                    if (scratch.Chosen.Count >= k)
                        return new SearchCounters(total.Distances, total.Expanded, 0, (int)wanted, plan.Path);
                }
            }

            var among = accepted < count / 2 ? set : default;
            var scanned = Scan(scorer, view, limit, filter, among, acceptedEstimate >= 0, k, scratch);
            return new SearchCounters(total.Distances + scanned, total.Expanded, 0, 0, SearchPath.Scan);
        }
    }

    /// <summary>Chooses how to go about a search behind a filter, after a look around where that pays.</summary>
    private SearchPlan Plan(in HnswGraph.View edges, (int Row, int Layer) entry, TScorer scorer, int limit, int accepted,
        RowSet set, SearchEffort effort, int k, SearchScratch scratch, ref WalkCost total)
    {
        var share = accepted / (double)Math.Max(1, codes.Count);
        if (!SearchPlan.PaysToLook(codec.CodeBytes, limit, accepted, effort.EfFor(Curves.Open, k)))
            return new SearchPlan(SearchPath.Scan, 0);
        if (set.Limit == 0)
            return SearchPlan.Choose(codec.CodeBytes, edges.MaxEdges(0), limit, accepted, share, null, Curves, effort, k);
        var (start, distances) = GraphWalk.FindStart(edges, entry, limit, scorer, scratch);
        total += new WalkCost(distances, 0);
        var around = FilteredWalk.ShareAround(edges, start, limit, set, scratch);
        return SearchPlan.Choose(codec.CodeBytes, edges.MaxEdges(0), limit, accepted, share, around, Curves, effort, k)
            with { Start = start };
    }

    private int Scan<TFilter>(TScorer scorer, CodeStore.View view, int limit, TFilter filter, RowSet among, bool filtered,
        int k, SearchScratch scratch)
        where TFilter : struct, IRowFilter
    {
        var (chosen, room, total) = (scratch.Chosen, codec.Rerank(k), 0);
        for (var most = room * MostRoom; ; room *= RoomGrowth)
        {
            chosen.Reset(Math.Min(room, limit));
            var startedAt = Stopwatch.GetTimestamp();
            var scanned = FlatScan.Codes(scorer, view, limit, filter, among, chosen);
            CostModel.NoteScan(codec.CodeBytes, limit, scanned, startedAt);
            total += scanned;
            if (!filtered || chosen.Count < room || room >= most || !IsLastInDoubt(chosen, scorer, k))
                break;
        }

        KeepDoubtful(chosen, scorer, k);
        return total;
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

    /// <summary>
    /// What a filter leaves may begin in the midst of the rows, where many are about as near: if even the last that there
    /// was room for may be among the nearest, there may be more of its kind. Some codes have no doubt, some only doubt.
    /// </summary>
    private static bool IsLastInDoubt(CandidatePool chosen, TScorer scorer, int k)
    {
        var nearest = chosen.Distance(k - 1);
        var doubtful = scorer.Doubtful(nearest);
        return doubtful > nearest && doubtful < uint.MaxValue && chosen.Distance(chosen.Count - 1) <= doubtful;
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
}
