namespace Rag.Engine.Slices;

/// <summary>
/// What a slice knows of each row besides its vectors and metadata. One writer; readers take <see cref="Columns"/> once
/// after they have read the slice's visible stamp, and then see every row born by then.
/// </summary>
internal sealed class RowTable
{
    // Less room than this part of the rows is not worth a copy.
    private const int SpareShare = 8;

    private readonly Stack<int> _freed = new();
    private RowColumns _columns = new(0);
    private int _limit;

    /// <summary>The current arrays. Rows are never moved; other sizes are copies.</summary>
    public RowColumns Columns => Volatile.Read(ref _columns);

    /// <summary>All ordinals ever given out are below.</summary>
    public int Limit => Volatile.Read(ref _limit);

    public int FreeCount => _freed.Count;

    public long MemoryBytes => Columns.Capacity * RowColumns.BytesPerRow + _freed.Count * 4L + 200;

    /// <summary>An ordinal for a new row, invisible until its stamps say otherwise.</summary>
    public int Allocate()
    {
        if (_freed.TryPop(out var row))
            return row;
        row = _limit;
        Reserve(row + 1);
        _columns.Stamps[row] = RowStamps.Staged;
        Volatile.Write(ref _limit, row + 1);
        return row;
    }

    /// <summary>Gives an ordinal back that no reader and no index knows any more.</summary>
    public void Free(int row) => _freed.Push(row);

    /// <summary>Makes room for a snapshot's rows; those that stay empty are to be freed.</summary>
    public void Load(int limit)
    {
        Reserve(limit);
        Array.Fill(_columns.Stamps, RowStamps.Staged, 0, limit);
        _limit = limit;
    }

    /// <summary>Gives up room that no row has taken. Writer only.</summary>
    public void Trim()
    {
        if (_columns.Capacity - _limit > _limit / SpareShare)
            Volatile.Write(ref _columns, new RowColumns(_limit, _columns));
    }

    private void Reserve(int count)
    {
        if (count > _columns.Capacity)
            Volatile.Write(ref _columns,
                new RowColumns(Math.Max(count, _columns.Capacity + _columns.Capacity / 2), _columns));
    }
}

/// <summary>The arrays of a <see cref="RowTable"/>, all of one length.</summary>
internal sealed class RowColumns
{
    public const int BytesPerRow = 8 + 8 + 8 + 8 + 4 + 4 + 4;

    public RowColumns(int capacity, RowColumns? former = null)
    {
        Stamps = Resized(former?.Stamps, capacity);
        Versions = Resized(former?.Versions, capacity);
        Contents = Resized(former?.Contents, capacity);
        Keys = Resized(former?.Keys, capacity);
        Documents = Resized(former?.Documents, capacity);
        Next = Resized(former?.Next, capacity);
        Previous = Resized(former?.Previous, capacity);
    }

    public int Capacity => Stamps.Length;

    /// <summary>When the row was born and died (<see cref="RowStamps"/>).</summary>
    public ulong[] Stamps { get; }

    /// <summary>Position of the write that made the row (<see cref="PackedStamp"/>).</summary>
    public ulong[] Versions { get; }

    /// <summary>Where its text and metadata lie (<see cref="ContentAddress"/>).</summary>
    public ulong[] Contents { get; }

    /// <summary>Where its key lies (<see cref="KeyStore"/>).</summary>
    public long[] Keys { get; }

    /// <summary>Ordinal of its document (<see cref="DocumentTable"/>).</summary>
    public int[] Documents { get; }

    /// <summary>The next row of its document, −1 at the end.</summary>
    public int[] Next { get; }

    /// <summary>The former row of its document, −1 at the beginning. Writer only.</summary>
    public int[] Previous { get; }

    private static T[] Resized<T>(T[]? former, int capacity)
    {
        var resized = new T[capacity];
        former?.AsSpan(0, Math.Min(former.Length, capacity)).CopyTo(resized);
        return resized;
    }
}
