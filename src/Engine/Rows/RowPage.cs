using System.Numerics;

namespace Rag.Engine.Rows;

/// <summary>
/// Up to 64 neighbouring rows in memory. The writer fills slots; readers look a row up without a lock. Slots are given
/// in order of arrival, so that a page that holds few rows is small:
/// <code>
/// _held      bit r: row r of the page is here (the others are in the base)
/// _slots[r]  where it lies in _data
/// </code>
/// </summary>
internal sealed class RowPage
{
    public const int Rows = 64;

    // Arrays from here on are allocated where the collector never copies them: with tens of megabytes of recent rows a
    // collection of the youngest generation paused for 20 ms, most of it copying.
    private const int UncopiedFloats = 1024;

    private readonly int _dimension;
    private readonly float[] _data;
    private readonly byte[] _slots;
    private ulong _held;
    private int _used;

    public RowPage(int dimension, int capacity)
    {
        _dimension = dimension;
        var floats = dimension * capacity;
        _data = GC.AllocateUninitializedArray<float>(floats, pinned: floats >= UncopiedFloats);
        _slots = new byte[Rows];
        Capacity = capacity;
    }

    public int Capacity { get; }

    public int Count => BitOperations.PopCount(_held);

    /// <summary>Rows written since the last cut: they are newer than the snapshot that is being made.</summary>
    public ulong Touched { get; set; }

    public ulong Held => Volatile.Read(ref _held);

    public long MemoryBytes => 88 + Rows + (long)_data.Length * sizeof(float);

    public bool TryGet(int local, out ReadOnlySpan<float> vector)
    {
        if ((Volatile.Read(ref _held) >> local & 1) == 0)
        {
            vector = default;
            return false;
        }

        vector = Slot(_slots[local]);
        return true;
    }

    /// <summary>Whether <see cref="Set"/> has room for the row; if not, the page has to be replaced by a larger one.</summary>
    public bool HasRoomFor(int local) => (_held >> local & 1) != 0 || _used < Capacity;

    public void Set(int local, ReadOnlySpan<float> vector)
    {
        if ((_held >> local & 1) == 0)
            _slots[local] = (byte)_used++;
        vector.CopyTo(Slot(_slots[local]));
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
            copy.Set(local, Slot(_slots[local]));
        }

        copy.Touched = Touched & kept;
        return copy;
    }

    private Span<float> Slot(int slot) => _data.AsSpan(slot * _dimension, _dimension);
}
