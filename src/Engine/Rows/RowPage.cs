using System.Numerics;
using System.Runtime.InteropServices;

namespace Rag.Engine.Rows;

/// <summary>
/// Up to 64 neighbouring rows in memory outside the collected heap. The writer fills slots; readers look a row up without
/// a lock. Slots are given in order of arrival, so that a page that holds few rows is small:
/// <code>
/// _held      bit r: row r of the page is here (the others are in the base)
/// block      [where row r lies, a byte each][slot 0][slot 1]…
/// </code>
/// Recent vectors come by the hundred megabytes and go with the next snapshot. As arrays they were either copied by every
/// collection or, pinned, left gaps that only a collection that stops all threads gave back. Whoever replaces a page
/// disposes it when its readers have left.
/// </summary>
internal sealed unsafe class RowPage : IDisposable
{
    public const int Rows = 64;

    private static long s_freedBytes;

    private readonly int _dimension;
    private byte* _block;
    private ulong _held;
    private int _used;

    public RowPage(int dimension, int capacity)
    {
        _dimension = dimension;
        Capacity = capacity;
        _block = (byte*)NativeMemory.AlignedAlloc((nuint)BlockBytes, Kernels.Prefetch.LineBytes);
    }

    /// <summary>Bytes that pages of all tables ever freed: a part of them is kept by the C library.</summary>
    public static long FreedBytes => Interlocked.Read(ref s_freedBytes);

    public int Capacity { get; }

    public int Count => BitOperations.PopCount(_held);

    /// <summary>Rows written since the last cut: they are newer than the snapshot that is being made.</summary>
    public ulong Touched { get; set; }

    public ulong Held => Volatile.Read(ref _held);

    public long MemoryBytes => 80 + BlockBytes;

    private long BlockBytes => Rows + (long)_dimension * Capacity * sizeof(float);

    public bool TryGet(int local, out ReadOnlySpan<float> vector)
    {
        if ((Volatile.Read(ref _held) >> local & 1) == 0)
        {
            vector = default;
            return false;
        }

        vector = Slot(_block[local]);
        return true;
    }

    /// <summary>Whether <see cref="Set"/> has room for the row; if not, the page has to be replaced by a larger one.</summary>
    public bool HasRoomFor(int local) => (_held >> local & 1) != 0 || _used < Capacity;

    public void Set(int local, ReadOnlySpan<float> vector)
    {
        if ((_held >> local & 1) == 0)
            _block[local] = (byte)_used++;
        vector.CopyTo(Slot(_block[local]));
        Touched |= 1UL << local;
        Volatile.Write(ref _held, _held | 1UL << local);
    }

    /// <summary>A copy of the rows in <paramref name="kept"/> with room for more.</summary>
    public RowPage Copy(ulong kept, int capacity)
    {
        var copy = new RowPage(_dimension, capacity);
        for (var rest = kept & _held; rest != 0; rest &= rest - 1)
        {
            var local = BitOperations.TrailingZeroCount(rest);
            copy.Set(local, Slot(_block[local]));
        }

        copy.Touched = Touched & kept;
        return copy;
    }

    /// <summary>Frees the rows. No reader may be inside.</summary>
    public void Dispose()
    {
        if (_block is null)
            return;
        NativeMemory.AlignedFree(_block);
        Interlocked.Add(ref s_freedBytes, BlockBytes);
        _block = null;
        _held = 0;
    }

    private Span<float> Slot(int slot) => new((float*)(_block + Rows) + (long)slot * _dimension, _dimension);
}
