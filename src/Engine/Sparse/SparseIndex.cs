using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Rag.Engine.Filters;
using Rag.Engine.Indexing;

namespace Rag.Engine.Sparse;

/// <summary>
/// An inverted index over the rows of a slice: BM25 over analysed text, inner product over sparse vectors. One writer;
/// any number of readers without locks. Rows that are added are found after <see cref="Flush"/>; which of them a search
/// returns is for its filter to say, and <see cref="Show"/> and <see cref="Hide"/> keep the counts of documents.
/// </summary>
/// <remarks>
/// Each flush makes a small immutable segment; eight of like size are merged into one, and one of which a quarter was
/// removed is made again without that. Readers take the list of segments once. Nothing removed stays for good.
/// </remarks>
public sealed class SparseIndex
{
    private const int MaxPendingPostings = 1 << 20;
    private const int MaxPooledSearches = 16;

    // Buffers of searches, for all indexes together: there may be thousands of small ones.
    private static readonly ConcurrentBag<SegmentSearch> Searches = [];

    private readonly SparseIndexOptions _options;
    private readonly PendingDocuments _pending = new();
    private readonly SegmentList _segments;
    private readonly List<(int Row, bool Shown)> _changes = [];

    /// <summary>An empty index.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public SparseIndex(SparseIndexOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _segments = new SegmentList(options.MaxSegmentDocuments);
    }

    /// <summary>Rows in the index, visible or not.</summary>
    public int Count => _segments.Count + _pending.Count;

    /// <summary>Visible rows.</summary>
    public long VisibleCount => _segments.Documents;

    /// <summary>Pairs of a term and a row; those of rows that were removed count until the next merge.</summary>
    public long PostingCount => _segments.PostingCount + _pending.PostingCount;

    /// <summary>The parameters of a search that names none.</summary>
    public Bm25Parameters Parameters => new(_options.K1, _options.B);

    /// <summary>Bytes in memory, about.</summary>
    public long MemoryBytes => 1000 + _segments.MemoryBytes + _pending.PostingCount * 24L;

    /// <summary>Adds a row, to be found after the next flush. The row must not be in the index; one without terms is
    /// left out.</summary>
    public void Add(int row, SparseDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        if (document.Count == 0)
            return;
        _pending.Add(row, document.Keys, document.Payloads, document.Length);
        if (_pending.PostingCount >= MaxPendingPostings)
            _segments.Add(_pending.ToSegment());
    }

    /// <summary>Gives a new row the terms of another one, without its text.</summary>
    public void Copy(int from, int to)
    {
        // What is copied may wait to become a segment itself.
        if (_pending.Count > 0 && !_segments.Has(from))
            _segments.Add(_pending.ToSegment());
        _segments.Copy(from, to, _pending);
        if (_pending.PostingCount >= MaxPendingPostings)
            _segments.Add(_pending.ToSegment());
    }

    /// <summary>Counts a row as visible from the next flush on.</summary>
    public void Show(int row) => _changes.Add((row, true));

    /// <summary>Counts a row no longer as visible from the next flush on.</summary>
    public void Hide(int row) => _changes.Add((row, false));

    /// <summary>Takes a row out. No reader that could see it may be inside. Does nothing if it is not there.</summary>
    public void Remove(int row)
    {
        if (_pending.Count > 0 || _changes.Count > 0)
            Flush();
        _segments.Remove(row);
    }

    /// <summary>Lets readers find what was added, and counts what was shown and hidden.</summary>
    public void Flush()
    {
        if (_pending.Count > 0)
            _segments.Add(_pending.ToSegment());
        foreach (var (row, shown) in _changes)
            _segments.Show(row, shown);
        _changes.Clear();
        _changes.TrimExcess();
    }

    /// <summary>What this index knows of a query's terms, to be added to other partitions' or searched with.</summary>
    public SparseStatistics StatisticsOf(SparseQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        var counts = new long[query.Keys.Length];
        foreach (var segment in _segments.Current)
        {
            for (var i = 0; i < counts.Length; i++)
            {
                if (segment.Find(query.Keys[i]) is >= 0 and var term)
                    counts[i] += Math.Max(0, segment.VisibleCounts[term]);
            }
        }

        return new SparseStatistics(_segments.Documents, _segments.TotalLength, counts);
    }

    /// <summary>
    /// Finds the best rows, best first; at most <paramref name="hits"/>.Length, ties in any order. Exact: what is
    /// skipped cannot be among them. A row that has none of the terms is not found.
    /// </summary>
    /// <param name="query">What to look for.</param>
    /// <param name="statistics">For text: of this index, or of all partitions. Null for this index.</param>
    /// <param name="filter">Which rows may be returned.</param>
    /// <param name="hits">Receives the rows.</param>
    /// <param name="counters">What the search did.</param>
    /// <returns>How many were found.</returns>
    /// <exception cref="ArgumentException">The statistics are of another query.</exception>
    public int Search<TFilter>(SparseQuery query, SparseStatistics? statistics, TFilter filter, Span<ScoredRow> hits,
        out SearchCounters counters)
        where TFilter : struct, IRowFilter =>
        Search(query, statistics, Parameters, filter, hits, out counters);

    /// <summary>The same with other parameters of BM25, which nothing in the index depends on.</summary>
    public int Search<TFilter>(SparseQuery query, SparseStatistics? statistics, Bm25Parameters parameters, TFilter filter,
        Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter
    {
        ArgumentNullException.ThrowIfNull(query);
        Span<float> weights = stackalloc float[query.Keys.Length];
        if (!query.IsText)
        {
            var scale = Scaled(query, 65504, static (query, i) => query.Weights[i], weights);
            return Run(query, weights, scale, new DotScoring(), filter, hits, out counters);
        }

        statistics ??= StatisticsOf(query);
        if (statistics.DocumentCounts.Count != query.Keys.Length)
            throw new ArgumentException("The statistics are of another query.", nameof(statistics));
        var saturated = parameters.K1 + 1.0;
        var textScale = Scaled((query, statistics, saturated), 1,
            static (all, i) => all.query.Weights[i] * all.statistics.Idf(i) * all.saturated, weights);
        return Run(query, weights, textScale, new Bm25Scoring(parameters.K1, parameters.B, statistics.AverageLength),
            filter, hits, out counters);
    }

    /// <summary>Adds the rows that have a term, visible or not; inside the epoch.</summary>
    internal void Collect(ulong key, RowBitmap to)
    {
        var reader = new PostingReader();
        foreach (var segment in _segments.Current)
        {
            if (segment.Find(key) is not (>= 0 and var term))
                continue;
            for (reader.Begin(segment, term); reader.ReadDocuments();)
            {
                foreach (var document in reader.Documents)
                {
                    var row = Volatile.Read(ref segment.Rows[(int)document]);
                    if ((uint)row < (uint)to.RowLimit)
                        to.Add(row);
                }
            }
        }
    }

    /// <summary>
    /// Writes the segments. Safe while the writer goes on: rows that are present when it is loaded again must have been
    /// flushed before it began, and must stay until it ends.
    /// </summary>
    public void Save(Stream stream) => SegmentStream.Write(stream, _segments.Current);

    /// <summary>Reads what <see cref="Save"/> wrote; rows that are not present are dropped, and none is visible until
    /// it is shown.</summary>
    /// <exception cref="InvalidDataException">The content is damaged.</exception>
    public static SparseIndex Load(Stream stream, SparseIndexOptions options, IRowPresence present)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(present);
        var index = new SparseIndex(options);
        SegmentStream.Read(stream, present, index._segments.AddLoaded);
        index._segments.Tidy();
        return index;
    }

    private static ScoreScale Scaled<TState>(
        TState state, double largestFactor, Func<TState, int, double> weightOf, Span<float> weights)
        where TState : allows ref struct
    {
        var sum = 0.0;
        for (var i = 0; i < weights.Length; i++)
            sum += weightOf(state, i);
        var scale = new ScoreScale(sum * largestFactor);
        for (var i = 0; i < weights.Length; i++)
            weights[i] = scale.ScaleUp(weightOf(state, i));
        return scale;
    }

    private int Run<TScoring, TFilter>(
        SparseQuery query, ReadOnlySpan<float> weights, ScoreScale scale, TScoring scoring, TFilter filter,
        Span<ScoredRow> hits, out SearchCounters counters)
        where TScoring : struct, ITermScoring
        where TFilter : struct, IRowFilter
    {
        var search = Searches.TryTake(out var pooled) ? pooled : new SegmentSearch();
        search.Begin(hits.Length);
        // Largest first: they raise the threshold for the others.
        foreach (var segment in _segments.Current)
            search.Run(segment, query.Keys, weights, scoring, filter);
        counters = new SearchCounters(search.Looked, 0, 0, 0, SearchPath.Scan);
        var found = search.Best.Take(hits, scale);
        search.End();
        if (Searches.Count < MaxPooledSearches)
            Searches.Add(search);
        return found;
    }
}
