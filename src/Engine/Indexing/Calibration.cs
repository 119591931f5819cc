using Rag.Engine.Exact;
using Rag.Engine.Hnsw;
using Rag.Engine.Quantization;
using Rag.Engine.Rows;

namespace Rag.Engine.Indexing;

/// <summary>
/// Measures the recall of an index on itself: sampled rows are searched as if they were not in it, and compared with a
/// scan. It runs on the writer, in steps of a few milliseconds, whenever half of the rows are new since the last time.
/// </summary>
internal sealed unsafe class Calibration<TScorer>(
    VectorIndexOptions options, VectorRows rows, ICodec<TScorer> codec, CodeStore codes)
    where TScorer : struct, IScorer
{
    /// <summary>Rows sampled: 2,560 neighbours tell recall to about half a hundredth.</summary>
    public const int Samples = 256;

    private const int ScanLimit = 500_000;
    private const int TruthEf = 4096;
    private const int K = RecallTable.MeasuredK;
    private const float EnoughRecall = 0.998f;

    private static readonly int[] Ladder = [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640, 896, 1280, 1792];

    private readonly int[] _found = new int[Ladder.Length];
    private SplitMix64 _random;
    private int _samplesLeft;
    private int _wanted;
    private long _changes;

    /// <summary>Notes rows that came or went.</summary>
    public void NoteChanges(int count) => _changes += count;

    /// <summary>
    /// Measures one more sample where that is due; gives a table after the last one, else null. Takes as long as a scan
    /// and a few thorough searches.
    /// </summary>
    public RecallTable? Step(HnswGraph graph, RecallTable current)
    {
        if (_samplesLeft == 0)
        {
            if (codes.Count <= 4 * K || _changes == 0 || _changes < current.MeasuredAtCount / 2)
                return null;
            _random = new SplitMix64(options.Seed + (ulong)codes.Count);
            (_changes, _wanted, _samplesLeft) = (0, 0, Samples);
            Array.Clear(_found);
        }

        if (PickRow() is >= 0 and var row)
            Measure(graph, row);
        return --_samplesLeft > 0 || _wanted == 0 ? null : Table();
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

    private void Measure(HnswGraph graph, int row)
    {
        var scratch = ScratchPool.Rent();
        // Of very many rows a scan would take too long at once; a walk with a huge pool misses next to nothing.
        var truth = codes.Count <= ScanLimit ? Search(null, row, 0, scratch) : Search(graph, row, TruthEf, scratch);
        _wanted += truth.Length;
        var found = 0;
        for (var level = 0; level < Ladder.Length; level++)
        {
            if (found < truth.Length)
            {
                var hits = Search(graph, row, Ladder[level], scratch);
                found = truth.Count(neighbour => Array.IndexOf(hits, neighbour) >= 0);
            }

            _found[level] += found;
        }

        ScratchPool.Return(scratch);
    }

    private RecallTable Table()
    {
        var recalls = Array.ConvertAll(_found, found => found / (float)_wanted);
        var levels = Array.FindIndex(recalls, recall => recall >= EnoughRecall) + 1;
        if (levels == 0)
            levels = recalls.Length;
        return new RecallTable(Ladder[..levels], recalls[..levels], codes.Count);
    }

    /// <summary>The rows nearest to a row, without itself: by a walk, or by a scan if there is no graph.</summary>
    private int[] Search(HnswGraph? graph, int row, int ef, SearchScratch scratch)
    {
        var view = codes.Current;
        var limit = codes.Limit;
        var scorer = codec.Scorer(view, scratch.Query(codec.QueryBytes));
        var query = rows[row];
        scorer.Bind(query);
        var except = new AllBut(row);
        if (graph is null)
        {
            scratch.Chosen.Reset(codec.Rerank(10 * K)); // with room for what a coarse code ranks far too low
            FlatScan.Codes(scorer, view, limit, except, filterFirst: false, scratch.Chosen);
        }
        else
        {
            GraphWalk.Search(graph.Current, graph.Entry, limit, scorer, scratch, ef, barred: row);
            IndexSearch<TScorer>.Keep(scratch, scorer, view, except, K, codec.Rerank(K));
        }

        var hits = new ScoredRow[K];
        var top = new TopHits(hits);
        var exact = new ExactScorer(options.Metric, query);
        for (var i = 0; i < scratch.Chosen.Count; i++)
            top.Add(scratch.Chosen.Row(i), exact.Score(rows[scratch.Chosen.Row(i)]));
        return Array.ConvertAll(hits[..top.Count], hit => hit.Row);
    }

    private readonly struct AllBut(int except) : IRowFilter
    {
        public bool Accepts(int row) => row != except;

        public int Next(int row) => row;
    }
}
