using Rag.Engine.Exact;
using Rag.Engine.Hnsw;
using Rag.Engine.Kernels;
using Rag.Engine.Quantization;
using Rag.Engine.Rows;

namespace Rag.Engine.Indexing;

/// <summary>
/// Codes, and past a threshold a graph over them. The writer's side; searching is <see cref="IndexSearch{TScorer}"/>.
/// Becoming a graph is spread over the following writes, so that none of them pauses for long:
/// <code>
/// rows: 0 … linked …│… not linked yet … limit        searches scan until the cursor meets the limit, then they walk
///                   └ _linkedUpTo
/// </code>
/// </summary>
internal sealed unsafe class CodedIndex<TScorer> : IndexCore
    where TScorer : struct, IScorer
{
    /// <summary>Rows linked for each row added while the graph is being caught up.</summary>
    private const int CatchUp = 16;

    /// <summary>A step of the calibration takes about as long as linking so many rows.</summary>
    private const int RowsPerStep = 256;

    private readonly VectorIndexOptions _options;
    private readonly VectorRows _rows;
    private readonly ICodec<TScorer> _codec;
    private readonly CodeStore _codes;
    private readonly IndexSearch<TScorer> _search;
    private readonly Calibration<TScorer> _calibration;
    private HnswGraph? _graph;
    private int _linkedUpTo;

    public CodedIndex(VectorIndexOptions options, VectorRows rows, ICodec<TScorer> codec)
    {
        _options = options;
        _rows = rows;
        _codec = codec;
        _codes = new CodeStore(codec.CodeBytes);
        var queries = new QuerySamples(options.Dimension);
        _search = new IndexSearch<TScorer>(options.Metric, rows, codec, _codes, queries);
        _calibration = new Calibration<TScorer>(options, rows, codec, _codes, queries);
    }

    private int ExactThreshold => _options.ExactThreshold ?? CostModel.ExactThreshold(_codec.CodeBytes);

    public override RecallTable Recall => _search.Curves.Open;

    public override int Count => _codes.Count;

    public override bool IsGraph => _search.Graph is not null;

    public override long MemoryBytes =>
        400 + _codes.MemoryBytes + (_graph is null ? 0 : _graph.MemoryBytes + _search.Queries.MemoryBytes);

    public override void AddRange(ReadOnlySpan<int> rows, ReadOnlySpan<float> vectors, int threads)
    {
        if (rows.IsEmpty)
            return;
        var limit = NewLimit(rows);
        _codes.Reserve(limit);
        _graph?.Reserve(limit);
        _rows.SetRange(rows, vectors);
        Encode(rows, vectors);
        _codes.Publish(limit, rows.Length);
        if (_graph is null && _codes.Count > ExactThreshold)
        {
            _graph = new HnswGraph(_options.M, _options.Seed);
            _graph.Reserve(limit);
        }

        if (_graph is not null)
            LinkNew(_graph, rows, limit, Math.Max(1, threads));
        _calibration.NoteChanges(rows.Length);
        // Searches should not have to guess for long; what makes the measure better can wait for a quiet moment.
        if (_calibration.IsUrgent)
            Measure(1 + rows.Length / RowsPerStep);
    }

    public override bool Calibrate(int steps) => Measure(steps);

    public override void Remove(int row)
    {
        if (!_codes.Contains(row))
            return;
        if (_graph is not null && row < _linkedUpTo)
            new GraphEraser<TScorer>(_graph, _codes, _codec).Unlink(row);
        _codes.Remove(row);
        _calibration.NoteChanges(1);
        _rows.Clear(row);
        if (_graph is not null && _codes.Count < ExactThreshold / 4)
        {
            // Searches that began on the graph hold what they read; the finalizer frees it after them.
            _search.Graph = null;
            _graph = null;
            _linkedUpTo = 0;
        }
    }

    public override int Search<TFilter>(ReadOnlySpan<float> query, SearchEffort effort, TFilter filter,
        int acceptedEstimate, Span<ScoredRow> hits, out SearchCounters counters) =>
        _search.Run(query, effort, filter, acceptedEstimate, hits, out counters);

    public override void Save(Stream stream, int rowLimit)
    {
        // Taken together before anything is written: what the writer does from now on is not part of the snapshot.
        var (graph, linkedUpTo) = (_graph, Math.Min(_linkedUpTo, rowLimit));
        rowLimit = Math.Min(rowLimit, _codes.Limit);
        var entry = graph?.Entry ?? (-1, 0);
        if (entry.Row >= rowLimit)
            entry = (-1, 0);
        new IndexHeader(_options.Dimension, _options.Metric, _options.Codec, graph is not null, _options.M,
            _codes.CodeBytes, rowLimit, Math.Min(linkedUpTo, rowLimit), entry.Row, entry.Layer, _options.Seed, IndexHeader.MoreTablesNow)
            .WriteTo(stream);
        _codes.Save(stream, rowLimit);
        if (graph is null)
            return;
        GraphStream.Write(stream, graph, rowLimit);
        var curves = _search.Curves;
        curves.Open.WriteTo(stream);
        curves.Filtered.WriteTo(stream);
    }

    public override IMappedMemory? Mapped => _codes.Mapped;

    public override bool IsMappable(int rowLimit) =>
        _graph is null && rowLimit > 0 && (long)rowLimit * (_codec.CodeBytes + sizeof(float)) <= VectorIndex.MaxMappedBytes;

    public override IDisposable? Attach(IMappedMemory saved)
    {
        var rows = _codes.Limit;
        var offset = CodesAt(rows);
        if (!IsMappable(rows) || saved.MappedBytes != offset + (long)rows * _codes.CodeBytes)
            return null;
        return _codes.Attach(saved, offset);
    }

    public override void Load(Stream stream, IRowPresence present, IMappedMemory? mapped)
    {
        var header = IndexHeader.ReadFrom(stream, _options, _codes.CodeBytes);
        _codes.Load(stream, header.RowLimit, present, header.HasGraph ? null : mapped, CodesAt(header.RowLimit));
        if (!header.HasGraph)
            return;
        _graph = new HnswGraph(_options.M, _options.Seed);
        GraphStream.Read(stream, _graph, _codes, header.RowLimit);
        var open = RecallTable.ReadFrom(stream);
        _search.Curves = header.MoreTables == 0
            ? RecallCurves.Of(open)
            : new RecallCurves(open, RecallTable.ReadFrom(stream));
        _calibration.Resume(_search.Curves);
        _linkedUpTo = header.LinkedUpTo;
        _graph.Entry = _codes.Contains(header.EntryRow) && _graph.LayerOf(header.EntryRow) == header.EntryLayer
            ? (header.EntryRow, header.EntryLayer)
            : GraphEraser<TScorer>.FindEntry(_graph, _codes, except: -1);
        LinkIsolated(_graph);
        if (_linkedUpTo == header.RowLimit)
            _search.Graph = _graph;
    }

    public override void Dispose()
    {
        _search.Graph = null;
        _graph?.Dispose();
        _codes.Dispose();
    }

    private static long CodesAt(int rows) => IndexHeader.Bytes + (long)rows * sizeof(float);

    /// <summary>The limit with these rows in; refuses rows that are there already, before anything is changed.</summary>
    private int NewLimit(ReadOnlySpan<int> rows)
    {
        var limit = _codes.Limit;
        foreach (var row in rows)
        {
            if (_codes.Contains(row))
                throw new ArgumentException($"Row {row} is in the index already.");
            limit = Math.Max(limit, row + 1);
        }

        if (rows.Length > 1 && new HashSet<int>(rows.ToArray()).Count != rows.Length)
            throw new ArgumentException("A row is named twice.");
        return limit;
    }

    private void Encode(ReadOnlySpan<int> rows, ReadOnlySpan<float> vectors)
    {
        var view = _codes.Current;
        var scratch = ScratchPool.Rent();
        var work = scratch.Query(_codec.QueryBytes);
        for (var i = 0; i < rows.Length; i++)
        {
            var vector = vectors.Slice(i * _options.Dimension, _options.Dimension);
            var norm = Similarity.Norm(vector);
            _codec.Encode(vector, norm, view.At(rows[i]), work);
            _codes.SetNorm(view, rows[i], _options.Metric == Metric.Cosine ? 1 : norm);
        }

        ScratchPool.Return(scratch);
    }

    private bool Measure(int steps)
    {
        if (_search.Graph is not { } graph)
            return false;
        for (; steps > 0 && _calibration.IsDue; steps--)
        {
            if (_calibration.Step(graph) is { } curves)
                _search.Curves = curves;
        }

        return _calibration.IsDue;
    }

    /// <summary>Links the rows that the cursor has passed, then moves the cursor on.</summary>
    private void LinkNew(HnswGraph graph, ReadOnlySpan<int> rows, int limit, int threads)
    {
        var pending = new List<int>();
        foreach (var row in rows)
        {
            if (row < _linkedUpTo)
                pending.Add(row);
        }

        var budget = (long)rows.Length * CatchUp;
        for (; _linkedUpTo < limit && budget > 0; _linkedUpTo++)
        {
            if (!_codes.Contains(_linkedUpTo))
                continue;
            pending.Add(_linkedUpTo);
            budget--;
        }

        foreach (var row in pending)
            graph.Allot(row, graph.LayerOf(row));
        var builder = new GraphBuilder<TScorer>(graph, _codes, _codec, _options.EfConstruction);
        if (threads == 1 || pending.Count < 2)
        {
            foreach (var row in pending)
                builder.Link(row, locks: null);
        }
        else
        {
            LinkInParallel(builder, pending, threads);
        }

        if (_linkedUpTo == limit)
            _search.Graph = graph;
    }

    /// <summary>Links rows that lost every edge because their neighbours are not part of the snapshot.</summary>
    private void LinkIsolated(HnswGraph graph)
    {
        var builder = new GraphBuilder<TScorer>(graph, _codes, _codec, _options.EfConstruction);
        for (var row = 0; row < _linkedUpTo; row++)
        {
            if (_codes.Count <= 1 || !_codes.Contains(row) || graph.Current.Lowest(row)[0] >= 0)
                continue;
            graph.Free(row, graph.LayerOf(row));
            graph.Allot(row, graph.LayerOf(row));
            builder.Link(row, locks: null);
        }
    }

    private static void LinkInParallel(GraphBuilder<TScorer> builder, List<int> pending, int threads)
    {
        var locks = new EdgeLocks();
        var next = -1;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ =>
        {
            for (var i = Interlocked.Increment(ref next); i < pending.Count; i = Interlocked.Increment(ref next))
                builder.Link(pending[i], locks);
        });
    }
}
