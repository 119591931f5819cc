using Rag.Engine.Exact;
using Rag.Engine.Rows;

namespace Rag.Engine.Indexing;

/// <summary>
/// The vectors of one space of one slice, searchable. One writer (Add, AddRange, Remove and the start of Save are never
/// concurrent with each other), any number of readers without locks.
/// </summary>
public sealed class VectorIndex : IDisposable
{
    /// <summary>Most bytes of codes that are scanned where a snapshot has them; more are read into memory.</summary>
    internal const long MaxMappedBytes = 512 << 10;

    private readonly VectorIndexOptions _options;
    private readonly IndexCore _core;

    /// <summary>An empty index over <paramref name="rows"/>, which it does not own.</summary>
    /// <exception cref="ArgumentException">An option is out of range, or the dimensions differ.</exception>
    public VectorIndex(VectorIndexOptions options, VectorRows rows)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(rows);
        options.Validate();
        if (rows.Dimension != options.Dimension)
            throw new ArgumentException($"The rows have {rows.Dimension} components, the index {options.Dimension}.");
        _options = options;
        _core = IndexCore.Create(options, rows);
        Rows = rows;
    }

    /// <summary>Rows in the index.</summary>
    public int Count => _core.Count;

    /// <summary>Bytes in memory: codes, norms and edges, without <see cref="Rows"/>.</summary>
    public long MemoryBytes => 48 + _core.MemoryBytes;

    /// <summary>Whether searches walk a graph; before that they scan.</summary>
    public bool IsGraph => _core.IsGraph;

    /// <summary>The vectors in full precision.</summary>
    public VectorRows Rows { get; }

    /// <summary>Adds a row and stores its vector in <see cref="Rows"/>. The row must not be in the index.</summary>
    public void Add(int row, ReadOnlySpan<float> vector) => AddRange([row], vector, 1);

    /// <summary>
    /// Adds rows and stores their vectors in <see cref="Rows"/>. They must not be in the index, nor twice in the list.
    /// </summary>
    /// <param name="rows">Ordinals, 0 or more.</param>
    /// <param name="vectors">rows.Length × dimension components, one vector after the other.</param>
    /// <param name="threads">Threads to link with; with 1 the graph depends on seed and order alone.</param>
    public void AddRange(ReadOnlySpan<int> rows, ReadOnlySpan<float> vectors, int threads)
    {
        if (vectors.Length != (long)rows.Length * _options.Dimension)
            throw new ArgumentException(
                $"{vectors.Length} components are not {rows.Length} vectors of {_options.Dimension}.");
        foreach (var row in rows)
            ArgumentOutOfRangeException.ThrowIfNegative(row, nameof(rows));
        _core.AddRange(rows, vectors, threads);
    }

    /// <summary>Takes a row out. No reader that could see it may be inside. Does nothing if it is not there.</summary>
    public void Remove(int row) => _core.Remove(row);

    /// <summary>
    /// Finishes measuring recall now, where that is due. Writer only; takes some seconds for a hundred thousand rows.
    /// </summary>
    public void Calibrate() => _core.Calibrate(int.MaxValue);

    /// <summary>
    /// Goes on with measuring recall, where that is due: what writes do not do by themselves. Writer only; a step takes
    /// some milliseconds.
    /// </summary>
    /// <returns>Whether there is more to measure.</returns>
    public bool Calibrate(int steps) => _core.Calibrate(steps);

    /// <summary>
    /// Recall of <paramref name="k"/> rows to expect from an effort, as measured on the index's own rows; 1 while
    /// searches scan, null before anything was measured.
    /// </summary>
    public float? MeasuredRecall(SearchEffort effort, int k)
    {
        if (!IsGraph || effort.Exact)
            return 1;
        var table = _core.Recall;
        if (table.MeasuredAtCount == 0)
            return null;
        var target = effort.RecallTarget > 0 ? effort.RecallTarget : SearchEffort.DefaultRecallTarget;
        return table.RecallOf(effort.Ef > 0 ? Math.Max(effort.Ef, k) : table.EfFor(target, k), k);
    }

    /// <summary>
    /// Finds the best rows, best first, with exact scores; at most <paramref name="hits"/>.Length, ties in any order.
    /// Does not allocate.
    /// </summary>
    /// <param name="query">One vector of the index's dimension.</param>
    /// <param name="effort">How hard to try.</param>
    /// <param name="filter">Which rows may be returned.</param>
    /// <param name="acceptedEstimate">How many rows the filter accepts, or −1 for about all.</param>
    /// <param name="hits">Receives the rows.</param>
    /// <param name="counters">What the search did.</param>
    /// <returns>How many were found: all that were asked for whenever so many are accepted.</returns>
    public int Search<TFilter>(ReadOnlySpan<float> query, SearchEffort effort, TFilter filter, int acceptedEstimate,
        Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter
    {
        CheckDimension(query);
        return _core.Search(query, effort, filter, acceptedEstimate, hits, out counters);
    }

    /// <summary>The exact score of one row.</summary>
    public float Score(ReadOnlySpan<float> query, int row)
    {
        CheckDimension(query);
        return new ExactScorer(_options.Metric, query).Score(Rows[row]);
    }

    /// <summary>
    /// Writes codes and graph of the rows below <paramref name="rowLimit"/>, without full vectors. Safe while the
    /// writer goes on: rows that were there when it began must stay, others may come.
    /// </summary>
    public void Save(Stream stream, int rowLimit) => _core.Save(stream, rowLimit);

    /// <summary>Reads what <see cref="Save"/> wrote; edges to rows that are not present are dropped.</summary>
    /// <exception cref="InvalidDataException">The content is damaged or does not fit the options.</exception>
    public static VectorIndex Load(Stream stream, VectorIndexOptions options, VectorRows rows, IRowPresence present)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(present);
        var index = new VectorIndex(options, rows);
        index._core.Load(stream, present, null);
        return index;
    }

    /// <summary>
    /// The same from a file, where the codes stay if there is no graph, until the first row is added. The index owns
    /// <paramref name="saved"/> from then on; in every other case it is disposed here.
    /// </summary>
    internal static VectorIndex Load(IMappedMemory saved, VectorIndexOptions options, VectorRows rows, IRowPresence present)
    {
        try
        {
            using var stream = new MappedMemoryStream(saved);
            var index = new VectorIndex(options, rows);
            index._core.Load(stream, present, saved);
            if (index._core.Mapped is null)
                saved.Dispose();
            return index;
        }
        catch
        {
            saved.Dispose();
            throw;
        }
    }

    /// <summary>Whether <see cref="Save"/> writes what can be scanned where it lies: few codes, and no graph.</summary>
    internal bool IsMappable(int rowLimit) => _core.IsMappable(rowLimit);

    /// <summary>The file that codes are read from; null where they are in memory.</summary>
    internal IMappedMemory? Mapped => _core.Mapped;

    /// <summary>
    /// Reads codes from now on from what <see cref="Save"/> wrote, if that is what there is: no row may have been added
    /// since it began. Writer only. Returns what held them, to be disposed when its readers have left; null if nothing
    /// was changed.
    /// </summary>
    internal IDisposable? Attach(IMappedMemory saved) => _core.Attach(saved);

    /// <summary>Frees the index's memory, not <see cref="Rows"/>. No reader may be inside.</summary>
    public void Dispose() => _core.Dispose();

    private void CheckDimension(ReadOnlySpan<float> query)
    {
        if (query.Length != _options.Dimension)
            throw new ArgumentException($"The query has {query.Length} components; {_options.Dimension} are expected.");
    }
}
