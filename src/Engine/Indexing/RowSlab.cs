using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Rag.Engine.Indexing;

/// <summary>
/// A growing array of fixed-size records by row, in segments of 16,384 rows that never move. Only the first segment is
/// replaced while it is small, so a tiny index is tiny; readers go on with the table that they took.
/// <code>
/// table → [segment 0][segment 1]…      row r: table[r >> 14] + (r &amp; 16383) · stride
/// </code>
/// One writer; readers take a <see cref="View"/> and hold the table's owner alive meanwhile.
/// </summary>
internal sealed unsafe class RowSlab : IDisposable
{
    private const int SegmentShift = 14;
    public const int SegmentRows = 1 << SegmentShift;
    private const int FirstRows = 4;

    private readonly byte _fill;
    private Table _table = new([], 0);
    private int _reserved;

    /// <summary>An empty slab; bytes that nobody wrote read as <paramref name="fill"/>.</summary>
    public RowSlab(int stride, byte fill = 0)
    {
        Stride = stride;
        _fill = fill;
    }

    public int Stride { get; }

    public int Capacity => _table.Rows;

    /// <summary>Bytes of the rows that were reserved; untouched pages of the last segment cost nothing, nor does what is
    /// only in a file.</summary>
    public long MemoryBytes => 200 + (Mapped is null ? (long)_reserved * Stride : 0);

    /// <summary>The file that the rows are read from; null where they are in memory.</summary>
    public IMappedMemory? Mapped => Volatile.Read(ref _table).Mapped;

    /// <summary>Where rows lie now. Pass the owner to whatever keeps it alive until the last read. Rows of a file are not to
    /// be read through it but through <see cref="Open"/>.</summary>
    public View Current
    {
        get
        {
            var table = Volatile.Read(ref _table);
            return new View(table.Pointers, Stride, table, table.Rows);
        }
    }

    /// <summary>The same for all rows, those of a file included: they are copied to a buffer if they are not warm.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public View Open(ref NativeBlock? buffer)
    {
        var table = Volatile.Read(ref _table);
        return new View(table.Mapped is null ? table.Pointers : table.Open(ref buffer, Stride), Stride, table, table.Rows);
    }

    /// <summary>Makes room for rows 0…<paramref name="rows"/>−1. Writer only.</summary>
    public void Reserve(int rows)
    {
        _reserved = Math.Max(_reserved, rows);
        if (_table.Mapped is not null)
            Own(Math.Max(rows, _table.Rows));
        if (rows <= _table.Rows)
            return;
        if (rows <= SegmentRows)
        {
            var first = new NativeBlock((long)Stride * FirstSegmentRows(rows), _fill);
            if (_table.Rows > 0)
                Buffer.MemoryCopy(_table.Blocks[0].Address, first.Address, first.Bytes, _table.Blocks[0].Bytes);
            Volatile.Write(ref _table, new Table([first], (int)(first.Bytes / Stride)));
            return;
        }

        if (_table.Rows < SegmentRows)
            Reserve(SegmentRows);
        var blocks = new List<NativeBlock>(_table.Blocks);
        while ((long)blocks.Count * SegmentRows < rows)
            blocks.Add(new NativeBlock((long)Stride * SegmentRows, _fill));
        Volatile.Write(ref _table, new Table(blocks.ToArray(), blocks.Count * SegmentRows));
    }

    /// <summary>
    /// Reads rows 0…<paramref name="rows"/>−1 from a file from now on, which nobody may write to: the next
    /// <see cref="Reserve"/> copies them. At most one segment. Writer only.
    /// </summary>
    /// <returns>What held them before, to be disposed when its readers have left.</returns>
    public IDisposable Attach(IMappedMemory mapped, long offset, int rows)
    {
        if (rows > SegmentRows || offset < 0 || offset + (long)rows * Stride > mapped.MappedBytes)
            throw new ArgumentOutOfRangeException(nameof(rows), "The rows do not lie in the file.");
        var former = _table;
        Volatile.Write(ref _table, new Table(mapped, offset, rows));
        _reserved = rows;
        return former;
    }

    /// <summary>Frees everything. No reader may be inside.</summary>
    public void Dispose()
    {
        _table.Dispose();
        _table = new Table([], 0);
        _reserved = 0;
    }

    /// <summary>Takes what is mapped into memory, to be written to. Readers go on with the file, which its finalizer
    /// closes when the last of them has let go of it.</summary>
    private void Own(int rows)
    {
        var former = _table;
        var block = new NativeBlock((long)Stride * Math.Min(SegmentRows, FirstSegmentRows(Math.Min(rows, SegmentRows))), _fill);
        former.Read(0, new Span<byte>(block.Address, former.Rows * Stride));
        Volatile.Write(ref _table, new Table([block], (int)(block.Bytes / Stride)));
    }

    private int FirstSegmentRows(int rows)
    {
        var capacity = Math.Max(FirstRows, _table.Rows);
        while (capacity < rows)
            capacity += Math.Max(FirstRows, capacity / 4);
        return capacity + capacity / 4 > SegmentRows ? SegmentRows : capacity;
    }

    /// <summary>Reads rows without a check: callers have compared the row with the limit that they hold.</summary>
    internal readonly struct View(byte** table, int stride, object owner, int capacity)
    {
        private readonly byte** _table = table;
        private readonly int _stride = stride;

        /// <summary>Must stay reachable while the view is used.</summary>
        public object Owner { get; } = owner;

        /// <summary>Rows that this table has room for.</summary>
        public int Capacity { get; } = capacity;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public byte* At(int row) => _table[row >> SegmentShift] + (nint)(row & (SegmentRows - 1)) * _stride;

        /// <summary>Copies rows that lie one after the other, from memory or the file.</summary>
        public void CopyTo(int row, Span<byte> to)
        {
            if (((Table)Owner).Mapped is null)
                new ReadOnlySpan<byte>(At(row), to.Length).CopyTo(to);
            else
                ((Table)Owner).Read((long)row * _stride, to);
        }

        /// <summary>Rows from <paramref name="row"/> on that lie one after the other, at most <paramref name="rows"/>.</summary>
        public static int Run(int row, int rows) => Math.Min(rows, SegmentRows - (row & (SegmentRows - 1)));
    }

    /// <summary>Segments and where they begin. Dispose it, or let the finalizers free it when nobody reads any more.</summary>
    private sealed class Table : IDisposable
    {
        // Outside the collected heap: there are two of these for each of ten thousand slices, and arrays that never move
        // make the collector go through everything much more often.
        private byte** _pointers;
        private readonly long _offset;

        public Table(NativeBlock[] blocks, int rows)
        {
            Blocks = blocks;
            Rows = rows;
            if (blocks.Length == 0)
                return;
            _pointers = (byte**)NativeMemory.Alloc((nuint)blocks.Length, (nuint)sizeof(byte*));
            for (var i = 0; i < blocks.Length; i++)
                _pointers[i] = blocks[i].Address;
        }

        /// <summary>Rows of a file.</summary>
        public Table(IMappedMemory mapped, long offset, int rows)
        {
            Blocks = [];
            Rows = rows;
            Mapped = mapped;
            _offset = offset;
        }

        ~Table() => FreePointers();

        public NativeBlock[] Blocks { get; }

        public IMappedMemory? Mapped { get; }

        public int Rows { get; }

        public byte** Pointers => _pointers;

        /// <summary>Copies bytes of the file's rows.</summary>
        public void Read(long offset, Span<byte> to) => Mapped!.Read(_offset + offset, to);

        /// <summary>A table of the file's rows: where they are warm, or copied, behind the table in the buffer.</summary>
        public byte** Open(ref NativeBlock? buffer, int stride)
        {
            var address = Mapped!.WarmAddress;
            var bytes = address == null ? Rows * stride : 0;
            if (buffer is null || buffer.Bytes < Kernels.Prefetch.LineBytes + bytes)
            {
                buffer?.Dispose();
                buffer = new NativeBlock(Kernels.Prefetch.LineBytes + bytes);
            }

            var table = (byte**)buffer.Address;
            table[0] = address == null ? buffer.Address + Kernels.Prefetch.LineBytes : address + _offset;
            if (address == null)
                Read(0, new Span<byte>(table[0], bytes));
            return table;
        }

        public void Dispose()
        {
            foreach (var block in Blocks)
                block.Dispose();
            Mapped?.Dispose();
            FreePointers();
            GC.SuppressFinalize(this);
        }

        private void FreePointers()
        {
            NativeMemory.Free(_pointers);
            _pointers = null;
        }
    }
}
