using System.Runtime.InteropServices;

namespace Rag.Engine.Rows;

/// <summary>
/// Full-precision vectors of one space, by row, as their caller gave them: a read-only base (the mapped segment of the
/// last snapshot) under recent rows in memory. One writer, any number of readers, no locks; a reader that is inside the
/// slice's epoch keeps what it reads. Memory that rows were moved from stays until <see cref="Dispose"/>, unless the writer
/// takes it over by <see cref="TakeReplaced"/>.
/// <code>
/// row → _pages[row / 64] → held there? → memory
///                          otherwise   → base (rows below its limit)
/// </code>
/// </summary>
public sealed class VectorRows : IDisposable
{
    /// <summary>From here on room for a whole page is little beside what there is.</summary>
    private const int DensePages = 8;

    private RowPage?[] _pages = [];
    private Base? _base;
    private long _memoryBytes;
    private ReplacedPages? _replaced;

    /// <summary>An empty table for vectors of <paramref name="dimension"/> components.</summary>
    public VectorRows(int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        Dimension = dimension;
    }

    /// <summary>Components a vector has.</summary>
    public int Dimension { get; }

    /// <summary>Bytes held in memory by recent rows and their table; the base is not counted.</summary>
    public long MemoryBytes => Interlocked.Read(ref _memoryBytes) + 96 + Volatile.Read(ref _pages).Length * 8L;

    /// <summary>The vector of a row; all zero where none was ever set.</summary>
    public ReadOnlySpan<float> this[int row]
    {
        get
        {
            var pages = Volatile.Read(ref _pages);
            var page = row / RowPage.Rows;
            if ((uint)page < (uint)pages.Length
                && Volatile.Read(ref pages[page]) is { } held && held.TryGet(row % RowPage.Rows, out var vector))
                return vector;
            return Volatile.Read(ref _base) is { } below && row < below.Limit
                ? below.Rows.Row(row)
                : Zeros(Dimension);
        }
    }

    /// <summary>Stores a vector. Writer only.</summary>
    public void Set(int row, ReadOnlySpan<float> vector)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        if (vector.Length != Dimension)
            throw new ArgumentException($"The vector has {vector.Length} components; {Dimension} are expected.");
        SetRange([row], vector);
    }

    /// <summary>Stores several vectors, one behind the other. Writer only.</summary>
    internal void SetRange(ReadOnlySpan<int> rows, ReadOnlySpan<float> vectors)
    {
        for (var i = 0; i < rows.Length; i++)
        {
            var index = rows[i] / RowPage.Rows;
            Reserve(rows[i]);
            // Room at once for all that comes: growing step by step leaves several times as much behind.
            if (_pages[index] is not { } page || !page.HasRoomFor(rows[i] % RowPage.Rows))
            {
                var coming = 1;
                while (i + coming < rows.Length && rows[i + coming] / RowPage.Rows == index)
                    coming++;
                MakeRoom(index, rows[i] % RowPage.Rows, coming);
            }

            _pages[index]!.Set(rows[i] % RowPage.Rows, vectors.Slice(i * Dimension, Dimension));
        }
    }

    /// <summary>The file that most rows are read from; null if there is none.</summary>
    internal Indexing.IMappedMemory? Mapped => Volatile.Read(ref _base)?.Rows as Indexing.IMappedMemory;

    /// <summary>Forgets a row; its memory is reused when its page is next copied. Writer only.</summary>
    public void Clear(int row)
    {
        // The value may still be read by searches that began before; the slot is overwritten only when the ordinal is
        // given out again, which the slice does after they have left.
    }

    /// <summary>Starts to bring a row into the cache.</summary>
    public unsafe void Prefetch(int row)
    {
        var pages = Volatile.Read(ref _pages);
        var page = row / RowPage.Rows;
        if ((uint)page < (uint)pages.Length && pages[page] is { } held && held.TryGet(row % RowPage.Rows, out var vector))
            Kernels.Prefetch.Lines(ref MemoryMarshal.GetReference(vector), Dimension * sizeof(float));
        else if (Volatile.Read(ref _base) is { } below && row < below.Limit)
            below.Rows.Prefetch(row);
    }

    /// <summary>
    /// Writes rows 0…<paramref name="rowLimit"/>−1 as little-endian float32, holes as zeros. Safe beside the writer for
    /// rows that are not reused meanwhile.
    /// </summary>
    public void WriteTo(Stream stream, int rowLimit)
    {
        for (var row = 0; row < rowLimit; row++)
            stream.Write(MemoryMarshal.AsBytes(this[row]));
    }

    /// <summary>Begins a snapshot: rows set from now on are newer than it. Writer only.</summary>
    public void MarkCut()
    {
        foreach (var page in _pages)
        {
            if (page is not null)
                page.Touched = 0;
        }
    }

    /// <summary>
    /// Ends a snapshot: rows below <paramref name="rowLimit"/> that were not set since <see cref="MarkCut"/> are read
    /// from <paramref name="baseRows"/> from now on, and their memory is replaced. Writer only. Returns the former base, to be
    /// disposed after every reader that entered before has left; null if there was none.
    /// </summary>
    public IDisposable? Attach(IMappedRows baseRows, int rowLimit)
    {
        ArgumentNullException.ThrowIfNull(baseRows);
        var former = _base;
        // Old pages stay in place until the new base is visible, so a reader finds each row in one of the two.
        Volatile.Write(ref _base, new Base(baseRows, rowLimit));
        for (var index = 0; index < _pages.Length; index++)
        {
            if (_pages[index] is not { } page)
                continue;
            var kept = page.Touched | BeyondLimit(index, rowLimit);
            if ((kept & page.Held) == page.Held)
                continue;
            var count = System.Numerics.BitOperations.PopCount(kept & page.Held);
            Replace(index, count == 0 ? null : page.Copy(kept, count));
        }

        return former?.Rows;
    }

    /// <summary>
    /// What rows were moved from since the last call, by <see cref="Set"/> or <see cref="Attach"/>: to be disposed after
    /// every reader that entered before has left. Null if there is nothing. Writer only.
    /// </summary>
    internal ReplacedPages? TakeReplaced() => Interlocked.Exchange(ref _replaced, null);

    /// <summary>Lets go of the base and of all memory. No reader may be inside.</summary>
    public void Dispose()
    {
        Interlocked.Exchange(ref _base, null)?.Rows.Dispose();
        foreach (var page in Interlocked.Exchange(ref _pages, []))
            page?.Dispose();
        TakeReplaced()?.Dispose();
    }

    private static ulong BeyondLimit(int page, int rowLimit)
    {
        var inside = Math.Clamp(rowLimit - page * RowPage.Rows, 0, RowPage.Rows);
        return inside == RowPage.Rows ? 0 : ulong.MaxValue << inside;
    }

    /// <summary>
    /// The first page of a small table starts small. A page of a larger one whose first row comes first is filled to its
    /// end as a rule, because numbers are given out in order; one that is begun elsewhere holds a few rows that were
    /// given out again.
    /// </summary>
    private static int FirstCapacity(int page, int local) =>
        page == 0 ? 2 : page >= DensePages && local == 0 ? RowPage.Rows : 16;

    private static int GrownCapacity(int capacity) =>
        Math.Min(RowPage.Rows, capacity < 16 ? capacity + 2 : capacity + capacity / 2);

    private static ReadOnlySpan<float> Zeros(int dimension) => ZeroVector.Values.AsSpan(0, dimension);

    private void MakeRoom(int index, int local, int coming)
    {
        var page = _pages[index];
        var capacity = page is null ? FirstCapacity(index, local) : GrownCapacity(page.Capacity);
        capacity = Math.Max(capacity, Math.Min(RowPage.Rows, coming + (page?.Count ?? 0)));
        // A row that is held by nobody yet reads as before until it is set, so the larger page can be shown first.
        Replace(index, page is null ? new RowPage(Dimension, capacity) : page.Copy(page.Held, capacity));
    }

    private void Reserve(int row)
    {
        var pages = _pages;
        var needed = row / RowPage.Rows + 1;
        if (needed <= pages.Length)
            return;
        Array.Resize(ref pages, Math.Max(needed, pages.Length + pages.Length / 4));
        Volatile.Write(ref _pages, pages);
    }

    private void Replace(int index, RowPage? page)
    {
        var former = _pages[index];
        Volatile.Write(ref _pages[index], page);
        Interlocked.Add(ref _memoryBytes, (page?.MemoryBytes ?? 0) - (former?.MemoryBytes ?? 0));
        if (former is not null)
            (_replaced ??= new ReplacedPages()).Add(former);
    }

    /// <summary>The base and its limit, published together.</summary>
    private sealed record Base(IMappedRows Rows, int Limit);

    private static class ZeroVector
    {
        public static readonly float[] Values = new float[Indexing.VectorIndexOptions.MaxDimension];
    }
}
