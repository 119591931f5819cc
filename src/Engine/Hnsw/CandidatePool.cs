using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Rag.Engine.Indexing;

namespace Rag.Engine.Hnsw;

/// <summary>
/// The nearest candidates of a search, sorted, at most a capacity of them. A sorted array beats a pair of heaps: most
/// candidates are turned away by one comparison, the rest move a few cache lines. Entries order as plain integers:
/// <code>
///  63        32 31     1 0
/// [ distance   ][ row   ][e]     e: expanded
/// </code>
/// Not thread-safe; lives in a <see cref="SearchScratch"/>.
/// </summary>
internal sealed unsafe class CandidatePool : IDisposable
{
    private NativeBlock? _block;
    private ulong* _items;
    private int _capacity;
    private int _count;
    private int _cursor;
    private uint _worst;

    public int Count => _count;

    /// <summary>Distances from here on cannot enter.</summary>
    public uint Worst => _worst;

    public void Reset(int capacity)
    {
        if (_block is null || _block.Bytes < (capacity + 1L) * sizeof(ulong))
        {
            _block?.Dispose();
            _block = new NativeBlock(Math.Max(128, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity + 1)) * sizeof(ulong));
            _items = (ulong*)_block.Address;
        }

        _capacity = capacity;
        _count = 0;
        _cursor = 0;
        _worst = capacity > 0 ? uint.MaxValue : 0;
    }

    public int Row(int index) => (int)((uint)_items[index] >> 1);

    public uint Distance(int index) => (uint)(_items[index] >> 32);

    /// <summary>Adds a row that is not in the pool yet, if it is near enough.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(uint distance, int row)
    {
        if (distance < _worst)
            Insert(distance, row);
    }

    /// <summary>Adds a row behind all others; there is room, and it is not nearer than the last.</summary>
    public void Append(uint distance, int row) => _items[_count++] = (ulong)distance << 32 | (uint)row << 1;

    /// <summary>Lets go of all but the first <paramref name="count"/>.</summary>
    public void Truncate(int count) => _count = Math.Min(_count, count);

    /// <summary>The nearest row that was not taken yet, or −1.</summary>
    public int TakeNearest()
    {
        for (var i = _cursor; i < _count; i++)
        {
            if ((_items[i] & 1) != 0)
                continue;
            _items[i] |= 1;
            _cursor = i + 1;
            return Row(i);
        }

        _cursor = _count;
        return -1;
    }

    /// <summary>The row that <see cref="TakeNearest"/> would give now, or −1; looks at one entry only.</summary>
    public int PeekNearest() => _cursor < _count && (_items[_cursor] & 1) == 0 ? Row(_cursor) : -1;

    public void Dispose() => _block?.Dispose();

    private void Insert(uint distance, int row)
    {
        var entry = (ulong)distance << 32 | (uint)row << 1;
        var at = MakeRoom(entry, _count < _capacity ? _count++ : _count - 1);
        _items[at] = entry;
        if (at < _cursor)
            _cursor = at;
        if (_count == _capacity)
            _worst = (uint)(_items[_count - 1] >> 32);
    }

    /// <summary>
    /// Moves the entries behind a new one up by one, from <paramref name="end"/> down, four at a time; returns its place.
    /// Late in a search most newcomers belong near the end, so one pass from there beats a search and then a move.
    /// </summary>
    private int MakeRoom(ulong entry, int end)
    {
        var pivot = Vector256.Create(entry);
        for (; end >= 4; end -= 4)
        {
            var four = Vector256.Load(_items + end - 4);
            if (!Vector256.GreaterThanAll(four, pivot))
                break;
            four.Store(_items + end - 3);
        }

        for (; end > 0 && _items[end - 1] > entry; end--)
            _items[end] = _items[end - 1];
        return end;
    }
}
