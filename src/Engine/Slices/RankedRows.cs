using System.Buffers;
using Rag.Engine.Indexing;

namespace Rag.Engine.Slices;

/// <summary>
/// The best rows of a slice in the one order of hits, in pooled memory: score descending, equal ones by key. Of those
/// that share the last score some may be missing. Not thread-safe; dispose it.
/// </summary>
internal struct RankedRows(Slice slice, RowColumns columns) : IDisposable
{
    // A graph finds ties only by walking: more than this many behind the last wanted are cut arbitrarily.
    private const int MaxGraphTies = 16_384;

    private ScoredRow[]? _rows;
    private int _room;

    /// <summary>How many were found; good until the next fill.</summary>
    public int Count { get; private set; }

    public SearchCounters Counters { get; private set; }

    public readonly Span<ScoredRow> Rows => _rows.AsSpan(0, Count);

    /// <summary>Whether a graph found fewer than there was room for, so that some may have been missed.</summary>
    public readonly bool MayHaveMissed => Counters.Ef > 0 && Count < _room;

    /// <summary>Finds up to <paramref name="room"/> rows.</summary>
    /// <param name="all">Miss nothing, whatever it costs.</param>
    public void Fill<TSearch, TFilter>(TSearch search, TFilter filter, int accepted, int room, bool all = false)
        where TSearch : struct, IRowSearch
        where TFilter : struct, IRowFilter
    {
        if (_rows is null || _rows.Length < room)
        {
            Dispose();
            _rows = ArrayPool<ScoredRow>.Shared.Rent(room);
        }

        _room = room;
        var rows = _rows.AsSpan(0, room);
        SearchCounters counters;
        Count = all
            ? search.SearchAll(filter, accepted, rows, out counters)
            : search.Search(filter, accepted, rows, out counters);
        Counters = counters;
        SortTies();
    }

    /// <summary>
    /// Whether the first <paramref name="wanted"/> rows are those of the whole order: ties of the last one are complete
    /// once something worse follows, or nothing at all.
    /// </summary>
    /// <param name="rows">No search finds more than this.</param>
    public readonly bool IsSettled(int wanted, int rows) => Count < _room || _room >= rows
        || (Count > wanted && (Rows[Count - 1].Score < Rows[Math.Max(0, wanted - 1)].Score
            || (Counters.Ef > 0 && _room - wanted >= MaxGraphTies)));

    /// <summary>How many of the rows stand at or before a place.</summary>
    public readonly int CountUntil(SearchPlace place)
    {
        var rows = Rows;
        var (low, high) = (0, rows.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (IsBehind(rows[middle], place))
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    public readonly bool IsBehind(ScoredRow row, SearchPlace place) => row.Score != place.Score
        ? row.Score < place.Score
        : slice.Keys.Read(columns.Keys[row.Row]).ToKey().CompareTo(place.Key) > 0;

    /// <summary>Keeps only these, which are some of them in their order.</summary>
    public void Keep(ReadOnlySpan<ScoredRow> rows)
    {
        rows.CopyTo(_rows);
        Count = rows.Length;
    }

    public void Dispose()
    {
        if (_rows is not null)
            ArrayPool<ScoredRow>.Shared.Return(_rows);
        _rows = null;
    }

    // Hits come best first; only runs of equal scores are put in order here.
    private readonly void SortTies()
    {
        var rows = Rows;
        for (var start = 0; start < rows.Length;)
        {
            var end = start + 1;
            while (end < rows.Length && rows[end].Score == rows[start].Score)
                end++;
            if (end - start > 1)
                rows[start..end].Sort(new ByKey(slice, columns));
            start = end;
        }
    }

    private readonly struct ByKey(Slice slice, RowColumns columns) : IComparer<ScoredRow>
    {
        public int Compare(ScoredRow left, ScoredRow right) =>
            slice.Keys.Read(columns.Keys[left.Row]).CompareTo(slice.Keys.Read(columns.Keys[right.Row]));
    }
}
