using System.Runtime.CompilerServices;
using Rag.Engine.Indexing;
using Rag.Engine.Quantization;

namespace Rag.Engine.Hnsw;

/// <summary>
/// The edges of a layered graph, by row; knows no vectors. A list holds row numbers and ends at −1 or at its capacity:
/// <code>
/// lowest layer   row → 2M × int32                       (M = 16: two cache lines)
/// upper layers   row → first block (0: none) → M × int32 a layer, layer 1 first
/// </code>
/// Every number in a list is written whole, and a list that is replaced is overwritten front to back before its end is
/// cut, so a reader beside the writer sees a mixture of two valid lists at worst. Several writers take turns by
/// <see cref="EdgeLocks"/>.
/// </summary>
internal sealed unsafe class HnswGraph : IDisposable
{
    /// <summary>Layers above the lowest; reached by one row in 16¹² with M = 16.</summary>
    public const int MaxLayers = 12;

    private readonly RowSlab _edges;
    private readonly RowSlab _upperStart = new(sizeof(int));
    private readonly RowSlab _upper;
    private readonly Stack<int>[] _freeBlocks = new Stack<int>[MaxLayers + 1];
    private readonly double _layerFactor;
    private readonly ulong _seed;
    private int _upperUsed = 1; // block 0 means none
    private long _entry = -1;

    public HnswGraph(int m, ulong seed)
    {
        M = m;
        _seed = seed;
        _layerFactor = 1 / Math.Log(m);
        _edges = new RowSlab(2 * m * sizeof(int), 0xFF);
        _upper = new RowSlab(m * sizeof(int), 0xFF);
    }

    /// <summary>Edges a row has in an upper layer at most; twice as many in the lowest.</summary>
    public int M { get; }

    public long MemoryBytes => 400 + _edges.MemoryBytes + _upperStart.MemoryBytes + _upper.MemoryBytes;

    /// <summary>Where every search begins; row −1 in an empty graph.</summary>
    public (int Row, int Layer) Entry
    {
        get
        {
            var packed = Volatile.Read(ref _entry);
            return ((int)packed, (int)(packed >> 32));
        }
        set => Volatile.Write(ref _entry, (long)value.Layer << 32 | (uint)value.Row);
    }

    public View Current => new(_edges.Current, _upperStart.Current, _upper.Current, M);

    /// <summary>The highest layer of a row: a hash of its number, so the order of insertion does not matter.</summary>
    public int LayerOf(int row)
    {
        var uniform = ((SplitMix64.Mix(_seed + (ulong)row * 0x9E3779B97F4A7C15) >> 11) + 1) * (1.0 / (1UL << 53));
        return Math.Min(MaxLayers, (int)(-Math.Log(uniform) * _layerFactor));
    }

    /// <summary>Makes room for rows below <paramref name="limit"/>. Writer only.</summary>
    public void Reserve(int limit)
    {
        _edges.Reserve(limit);
        _upperStart.Reserve(limit);
    }

    /// <summary>Gives a row its lists, empty. Writer only, one at a time.</summary>
    public void Allot(int row, int layer)
    {
        Fill(_edges.Current.At(row), 2 * M);
        if (layer > 0)
            AllotUpper(row, layer);
    }

    /// <summary>Gives a row its upper lists, empty. Writer only.</summary>
    public void AllotUpper(int row, int layer)
    {
        var start = _freeBlocks[layer] is { Count: > 0 } free ? free.Pop() : _upperUsed;
        if (start == _upperUsed)
        {
            _upperUsed += layer;
            _upper.Reserve(_upperUsed);
        }

        var upper = _upper.Current;
        for (var i = 0; i < layer; i++)
            Fill(upper.At(start + i), M);
        Volatile.Write(ref *(int*)_upperStart.Current.At(row), start);
    }

    /// <summary>Takes a row's lists away. Writer only; readers may still see the empty lists.</summary>
    public void Free(int row, int layer)
    {
        // From above, so that a walk that comes down through the row does not find itself in front of an empty list.
        var start = (int*)_upperStart.Current.At(row);
        if (layer > 0 && *start != 0)
        {
            for (var i = layer - 1; i >= 0; i--)
                Fill(_upper.Current.At(*start + i), M);
            (_freeBlocks[layer] ??= new Stack<int>()).Push(*start);
            Volatile.Write(ref *start, 0);
        }

        Fill(_edges.Current.At(row), 2 * M);
    }

    /// <summary>Reads the lists of the lowest layer, unchecked.</summary>
    public void ReadLowest(Stream stream, int rows)
    {
        IndexStream.Read(stream, _edges, rows);
        _upperStart.Reserve(rows);
    }

    public void Dispose()
    {
        Entry = (-1, 0);
        _edges.Dispose();
        _upperStart.Dispose();
        _upper.Dispose();
    }

    private static void Fill(byte* list, int count) => new Span<int>(list, count).Fill(-1);

    /// <summary>Where edges lie now.</summary>
    internal readonly struct View(RowSlab.View edges, RowSlab.View upperStart, RowSlab.View upper, int m)
    {
        private readonly RowSlab.View _edges = edges;
        private readonly RowSlab.View _upperStart = upperStart;
        private readonly RowSlab.View _upper = upper;
        private readonly int _m = m;

        public void HoldIn(SearchScratch scratch)
        {
            scratch.Hold(_edges.Owner);
            scratch.Hold(_upperStart.Owner);
            scratch.Hold(_upper.Owner);
        }

        public RowSlab.View LowestSlab => _edges;

        public int MaxEdges(int layer) => layer == 0 ? 2 * _m : _m;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int* Lowest(int row) => (int*)_edges.At(row);

        /// <summary>
        /// The row's list in a layer; null where it has none, or only since after this view was taken.
        /// </summary>
        public int* Edges(int row, int layer)
        {
            if (layer == 0)
                return Lowest(row);
            var start = Volatile.Read(ref *(int*)_upperStart.At(row));
            var block = start + layer - 1;
            return start == 0 || block >= _upper.Capacity ? null : (int*)_upper.At(block);
        }

        /// <summary>Whether the row leads anywhere in a layer.</summary>
        public bool HasEdges(int row, int layer)
        {
            var edges = Edges(row, layer);
            return edges != null && Volatile.Read(ref edges[0]) >= 0;
        }
    }
}
