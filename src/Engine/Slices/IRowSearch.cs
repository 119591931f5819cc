using Rag.Engine.Indexing;
using Rag.Engine.Sparse;

namespace Rag.Engine.Slices;

/// <summary>What finds a slice's rows. Implementations are structs, so that the call is inlined.</summary>
internal interface IRowSearch
{
    /// <summary>No search finds more rows than this.</summary>
    int Limit { get; }

    /// <summary>Room for ties behind the last hit that is wanted; more is asked for if they do not fit. Scores of vectors are
    /// seldom equal, and each more of their hits is a vector more to be read in full precision; those of words often are.</summary>
    int TieRoom { get; }

    /// <summary>The best rows, best first; <see cref="VectorIndex.Search"/>.</summary>
    int Search<TFilter>(TFilter filter, int accepted, Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter;

    /// <summary>The same, but nothing that is accepted is missed.</summary>
    int SearchAll<TFilter>(TFilter filter, int accepted, Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter;
}

/// <summary>Finds rows by the nearness of a vector.</summary>
internal readonly struct VectorSearch(VectorIndex index, ReadOnlyMemory<float> vector, SearchEffort effort) : IRowSearch
{
    public int Limit => index.Count;

    public int TieRoom => 1;

    public int Search<TFilter>(TFilter filter, int accepted, Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter =>
        index.Search(vector.Span, effort, filter, accepted, hits, out counters);

    public int SearchAll<TFilter>(TFilter filter, int accepted, Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter =>
        index.Search(vector.Span, new SearchEffort(Exact: true), filter, accepted, hits, out counters);
}

/// <summary>Finds rows by the inner product of their sparse vectors.</summary>
internal readonly struct SparseVectorSearch(Slice slice, SparseQuery query) : IRowSearch
{
    private static readonly SparseIndex Empty = new(new SparseIndexOptions());

    // Taken late: whoever has read which rows are visible finds the index that holds them.
    private SparseIndex Index => slice.Sparse ?? Empty;

    public int Limit => Index.Count;

    public int TieRoom => 8;

    public int Search<TFilter>(TFilter filter, int accepted, Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter =>
        Index.Search(query, null, filter, hits, out counters);

    public int SearchAll<TFilter>(TFilter filter, int accepted, Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter => Search(filter, accepted, hits, out counters);
}

/// <summary>Finds rows by the words of their texts.</summary>
internal readonly struct TextSearch(
    SparseIndex index, SparseQuery query, SparseStatistics? statistics, Bm25Parameters parameters) : IRowSearch
{
    public int Limit => index.Count;

    public int TieRoom => 8;

    public int Search<TFilter>(TFilter filter, int accepted, Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter =>
        index.Search(query, statistics, parameters, filter, hits, out counters);

    public int SearchAll<TFilter>(TFilter filter, int accepted, Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter => Search(filter, accepted, hits, out counters);
}
