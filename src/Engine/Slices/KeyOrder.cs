namespace Rag.Engine.Slices;

/// <summary>
/// The rows of a slice in key order, made when the first list is asked for. What is born later stands apart, unsorted,
/// and is searched through by each list, until there is so much of it that everything is sorted again.
/// <code>
/// sorted:  (row, born) in key order, as of some apply number     valid while the row's born is still the same
/// later:   rows born since, in order of arrival
/// </code>
/// The writer adds to it, readers list inside the epoch; sorting is done by one reader at a time.
/// </summary>
internal sealed class KeyOrder
{
    private const int MinLater = 1024;

    // Held for a moment by the writer when it publishes and by a reader when it begins: what a reader sees is either
    // sorted or noted in the order it got.
    private readonly Lock _gate = new();
    private Sorted? _sorted;

    public long MemoryBytes =>
        Volatile.Read(ref _sorted) is { } sorted ? sorted.Rows.Length * 8L + sorted.LaterCapacity * 4L + 100 : 40;

    /// <summary>Notes the rows that are born with a number, and publishes the number. Writer only.</summary>
    public void Publish(Slice slice, ReadOnlySpan<int> born, uint at, ulong stamp)
    {
        lock (_gate)
        {
            if (_sorted is { } sorted)
            {
                foreach (var row in born)
                    sorted.AddLater(row);
            }

            slice.Publish(at, stamp);
        }
    }

    /// <summary>Forgets the order, to save memory.</summary>
    public void Clear()
    {
        lock (_gate)
            _sorted = null;
    }

    /// <summary>An order and the number to read it at. Readers inside the epoch.</summary>
    public (Sorted Order, uint At) Get(Slice slice)
    {
        Sorted order;
        uint at;
        lock (_gate)
        {
            at = slice.Visible;
            if (_sorted is null || _sorted.IsOutdated(slice))
                _sorted = new Sorted(at);
            order = _sorted;
        }

        order.Fill(slice);
        return (order, at);
    }

    /// <summary>
    /// The first rows in key order behind <paramref name="after"/> (exclusive; none: from the beginning) that are
    /// visible at <paramref name="at"/> and that <paramref name="filter"/> accepts; at most the length of
    /// <paramref name="rows"/>. Returns how many.
    /// </summary>
    public static int List<TFilter>(
        Slice slice, Sorted sorted, uint at, KeySpan after, bool hasAfter, TFilter filter, Span<int> rows)
        where TFilter : struct, Indexing.IRowFilter
    {
        var columns = slice.Rows.Columns;
        var count = 0;
        for (var i = hasAfter ? FirstBehind(slice, columns, sorted, after) : 0; i < sorted.Rows.Length; i++)
        {
            if (count == rows.Length)
                break;
            var row = sorted.Rows[i].Row;
            if (sorted.IsValid(columns, i) && RowStamps.IsVisible(columns.Stamps[row], at) && filter.Accepts(row))
                rows[count++] = row;
        }

        foreach (var row in sorted.Later)
        {
            if (row >= columns.Capacity || !RowStamps.IsVisible(columns.Stamps[row], at)
                || RowStamps.BornAt(columns.Stamps[row]) <= sorted.At || !filter.Accepts(row))
                continue;
            var key = slice.Keys.Read(columns.Keys[row]);
            if (!hasAfter || key.CompareTo(after) > 0)
                count = Insert(slice, columns, rows, count, row, key);
        }

        return count;
    }

    // Keeps rows[0..count] in key order; the last one falls out where there is no room.
    private static int Insert(Slice slice, RowColumns columns, Span<int> rows, int count, int row, KeySpan key)
    {
        var low = 0;
        var high = count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            var order = slice.Keys.Read(columns.Keys[rows[middle]]).CompareTo(key);
            if (order == 0)
                return count;
            if (order < 0)
                low = middle + 1;
            else
                high = middle;
        }

        if (low == rows.Length)
            return count;
        var moved = Math.Min(count, rows.Length - 1) - low;
        rows.Slice(low, moved).CopyTo(rows[(low + 1)..]);
        rows[low] = row;
        return Math.Min(count + 1, rows.Length);
    }

    private static int FirstBehind(Slice slice, RowColumns columns, Sorted sorted, KeySpan after)
    {
        var low = 0;
        var high = sorted.Rows.Length;
        while (low < high)
        {
            // An entry whose row was reused has lost its key: the next one that still has its own decides instead.
            var middle = (low + high) >> 1;
            var probe = middle;
            while (probe < high && !sorted.IsValid(columns, probe))
                probe++;
            if (probe == high || slice.Keys.Read(columns.Keys[sorted.Rows[probe].Row]).CompareTo(after) > 0)
                high = middle;
            else
                low = probe + 1;
        }

        return low;
    }

    /// <summary>Rows in key order as of a number, and those that came later.</summary>
    internal sealed class Sorted(uint at)
    {
        private readonly Lock _sorting = new();
        private int[] _later = new int[16];
        private int _laterCount;
        private volatile bool _filled;

        public (int Row, uint Born)[] Rows { get; private set; } = [];

        public uint At { get; } = at;

        public int LaterCapacity => _later.Length;

        public ReadOnlySpan<int> Later
        {
            get
            {
                var count = Volatile.Read(ref _laterCount);
                return Volatile.Read(ref _later).AsSpan(0, count);
            }
        }

        /// <summary>Too much has come or gone since: sorting again is cheaper than going on.</summary>
        public bool IsOutdated(Slice slice) =>
            _filled && (_laterCount > MinLater + Rows.Length / 8 || slice.PublishedChunks + MinLater < Rows.Length / 2);

        public void AddLater(int row)
        {
            if (_laterCount == _later.Length)
            {
                var larger = _later;
                Array.Resize(ref larger, larger.Length * 2);
                Volatile.Write(ref _later, larger);
            }

            _later[_laterCount] = row;
            Volatile.Write(ref _laterCount, _laterCount + 1);
        }

        public bool IsValid(RowColumns columns, int index) =>
            RowStamps.BornAt(columns.Stamps[Rows[index].Row]) == Rows[index].Born;

        // The caller is inside the epoch since before 'At' was current or later, so no row of then is reused meanwhile;
        // rows that died since are left out, for nobody reads this order at a lower number than it was made at.
        public void Fill(Slice slice)
        {
            if (_filled)
                return;
            lock (_sorting)
            {
                if (_filled)
                    return;
                var columns = slice.Rows.Columns;
                var limit = Math.Min(slice.Rows.Limit, columns.Capacity);
                var rows = new List<int>((int)Math.Min(limit, slice.PublishedChunks + 64));
                for (var row = 0; row < limit; row++)
                {
                    if (RowStamps.IsVisible(columns.Stamps[row], At))
                        rows.Add(row);
                }

                rows.Sort((left, right) =>
                    slice.Keys.Read(columns.Keys[left]).CompareTo(slice.Keys.Read(columns.Keys[right])));
                Rows = [.. rows.Select(row => (row, RowStamps.BornAt(columns.Stamps[row])))];
                _filled = true;
            }
        }
    }
}
