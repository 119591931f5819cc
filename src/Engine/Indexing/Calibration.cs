using Rag.Engine.Exact;
using Rag.Engine.Hnsw;
using Rag.Engine.Quantization;
using Rag.Engine.Rows;

namespace Rag.Engine.Indexing;

/// <summary>
/// Measures the recall of an index: samples are searched with pools of many sizes and compared with a scan. The best
/// samples are queries that it was asked (<see cref="QuerySamples"/>); until there are enough of them, it takes rows of
/// its own as if they were not there, whenever half of the rows are new since the last time. It runs on the writer, in
/// steps of some milliseconds: a first table with the writes themselves, better ones when there is time.
/// <code>
/// each sample     open search
/// every 4th       search behind a filter that accepts one in sixteen at random
/// </code>
/// </summary>
internal sealed unsafe class Calibration<TScorer>(
    VectorIndexOptions options, VectorRows rows, ICodec<TScorer> codec, CodeStore codes, QuerySamples queries)
    where TScorer : struct, IScorer
{
    /// <summary>Rows sampled.</summary>
    private const int RowSamples = 512;

    /// <summary>Samples after which there is a first table, and between further ones.</summary>
    private const int TableEvery = 64;

    /// <summary>Queries that tell more than rows.</summary>
    private const int EnoughQueries = 128;

    private const int ScanLimit = 500_000;
    private const int TruthEf = 4096;
    private const int K = RecallTable.MeasuredK;
    private const int FilterEvery = 4;

    // Made when the first sample is measured: small indexes never are.
    private float[] _query = [];
    private CurveSamples? _ofQueries;
    private CurveSamples? _ofRows;
    private SplitMix64 _random = new(options.Seed);
    private int _rowsLeft;
    private int _measuredAt;
    private long _changes;
    private long _changesSinceQueries;

    /// <summary>Whether there is something to measure.</summary>
    public bool IsDue => codes.Count > 4 * K && (queries.Any || IsRowDue);

    /// <summary>Whether searches have to guess until something is measured.</summary>
    public bool IsUrgent => codes.Count > 4 * K && IsRowDue && _rowsLeft is 0 or > RowSamples - TableEvery;

    private bool IsRowDue => !(_ofQueries?.Open.Samples >= EnoughQueries)
        && (_rowsLeft > 0 || (_changes > 0 && _changes >= _measuredAt / 2));

    /// <summary>Begins with what is known of a loaded index.</summary>
    public void Resume(RecallCurves curves) => _measuredAt = curves.Open.MeasuredAtCount;

    /// <summary>Notes rows that came or went.</summary>
    public void NoteChanges(int count)
    {
        _changes += count;
        _changesSinceQueries += count;
    }

    /// <summary>Measures one more sample where that is due; gives new curves now and then, else null.</summary>
    public RecallCurves? Step(HnswGraph graph)
    {
        if (!IsDue)
            return null;
        if (_query.Length == 0)
            _query = new float[options.Dimension];
        // What queries told of other data than these is worth less than what the rows can tell.
        if (_changesSinceQueries > codes.Count / 2)
            (_ofQueries, _changesSinceQueries) = (null, 0);
        if (queries.TryTake(_query))
        {
            Sample(graph, barred: -1, _ofQueries ??= new CurveSamples());
            if (_ofQueries.Open.Samples < EnoughQueries || _ofQueries.Open.Samples % TableEvery != 0)
                return null;
            (_changes, _changesSinceQueries, _measuredAt, _rowsLeft) = (0, 0, codes.Count, 0);
            return _ofQueries.ToCurves(codes.Count);
        }

        if (_ofRows is null || _rowsLeft == 0)
        {
            (_ofRows, _rowsLeft, _changes, _measuredAt) = (new CurveSamples(), RowSamples, 0, codes.Count);
            _random = new SplitMix64(options.Seed + (ulong)codes.Count);
        }

        if (PickRow() is >= 0 and var row)
        {
            rows[row].CopyTo(_query);
            Sample(graph, row, _ofRows);
        }

        return --_rowsLeft % TableEvery == 0 ? _ofRows.ToCurves(codes.Count) : null;
    }

    private void Sample(HnswGraph graph, int barred, CurveSamples to)
    {
        var scratch = ScratchPool.Rent();
        MeasureOpen(graph, barred, to.Open, scratch);
        if (to.Open.Samples % FilterEvery == 1)
            MeasureBehind(graph, to.Filtered, barred, scratch);
        ScratchPool.Return(scratch);
    }

    private int PickRow()
    {
        for (var tries = 0; tries < 100; tries++)
        {
            var row = (int)(_random.Next() % (ulong)codes.Limit);
            if (codes.Contains(row))
                return row;
        }

        return -1;
    }

    private void MeasureOpen(HnswGraph graph, int barred, RecallLadder ladder, SearchScratch scratch)
    {
        var (scorer, view, limit) = Bind(scratch);
        var except = new AllBut(barred);
        int[] truth;
        if (codes.Count <= ScanLimit)
        {
            truth = Scan(scorer, view, limit, except, default, scratch);
        }
        else
        {
            // Of very many rows a scan would take too long at once; a walk with a huge pool misses next to nothing.
            GraphWalk.Search(graph.Current, graph.Entry, limit, scorer, scratch, TruthEf, barred);
            truth = Chosen(scorer, view, except, scratch);
        }

        ladder.Add(truth.Length, ef =>
        {
            GraphWalk.Search(graph.Current, graph.Entry, limit, scorer, scratch, ef, barred);
            return Common(truth, Chosen(scorer, view, except, scratch));
        });
    }

    /// <summary>Behind a filter that accepts one row in sixteen at random, but not the barred one.</summary>
    private void MeasureBehind(HnswGraph graph, RecallLadder ladder, int barred, SearchScratch scratch)
    {
        var (scorer, view, limit) = Bind(scratch);
        var except = new AllBut(barred);
        var words = new ulong[(limit + 63) / 64];
        foreach (ref var word in words.AsSpan())
            word = _random.Next() & _random.Next() & _random.Next() & _random.Next();
        fixed (ulong* bits = words)
        {
            var set = new RowSet(bits, limit);
            var (start, _) = GraphWalk.FindStart(graph.Current, graph.Entry, limit, scorer, scratch, barred);
            var truth = Scan(scorer, view, limit, except, set, scratch);
            ladder.Add(truth.Length, ef =>
            {
                FilteredWalk.Search(graph.Current, start, limit, scorer, view, set, scratch, ef, fromAllOver: false, barred);
                return Common(truth, Chosen(scorer, view, except, scratch));
            });
        }
    }

    private (TScorer Scorer, CodeStore.View View, int Limit) Bind(SearchScratch scratch)
    {
        var limit = codes.Limit;
        var view = codes.Current;
        var scorer = codec.Scorer(view, scratch.Query(codec.QueryBytes));
        scorer.Bind(_query);
        return (scorer, view, limit);
    }

    private int[] Scan<TFilter>(TScorer scorer, CodeStore.View view, int limit, TFilter filter, RowSet among,
        SearchScratch scratch)
        where TFilter : struct, IRowFilter
    {
        scratch.Chosen.Reset(codec.Rerank(10 * K)); // with room for what a coarse code ranks far too low
        FlatScan.Codes(scorer, view, limit, filter, among, scratch.Chosen);
        return Best(scratch);
    }

    private int[] Chosen<TFilter>(TScorer scorer, CodeStore.View view, TFilter filter, SearchScratch scratch)
        where TFilter : struct, IRowFilter
    {
        IndexSearch<TScorer>.Keep(scratch, scorer, view, filter, K, codec.Rerank(K));
        return Best(scratch);
    }

    /// <summary>The best of the chosen rows in full precision.</summary>
    private int[] Best(SearchScratch scratch)
    {
        var hits = new ScoredRow[K];
        var top = new TopHits(hits);
        var exact = new ExactScorer(options.Metric, _query);
        for (var i = 0; i < scratch.Chosen.Count; i++)
            top.Add(scratch.Chosen.Row(i), exact.Score(rows[scratch.Chosen.Row(i)]));
        return Array.ConvertAll(hits[..top.Count], hit => hit.Row);
    }

    private static int Common(int[] truth, int[] hits) => truth.Count(row => Array.IndexOf(hits, row) >= 0);

    private readonly struct AllBut(int except) : IRowFilter
    {
        public bool Accepts(int row) => row != except;

        public int Next(int row) => row;

        public ReadOnlySpan<ulong> Bits => default;
    }
}
