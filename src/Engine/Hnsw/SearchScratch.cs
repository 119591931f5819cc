using Rag.Engine.Indexing;

namespace Rag.Engine.Hnsw;

/// <summary>
/// All memory that one search or one insertion works in, rented from <see cref="ScratchPool"/>. Also keeps alive the
/// slabs that it reads. Not thread-safe.
/// </summary>
internal sealed unsafe class SearchScratch : IDisposable
{
    /// <summary>Longest edge list, 2 · 64.</summary>
    public const int MaxEdges = 128;

    /// <summary>Rows of a batch: those of an edge list, and those behind them, which are few more than another.</summary>
    public const int MaxBatch = 3 * MaxEdges;

    private readonly object?[] _held = new object?[8];
    private int _heldCount;
    private NativeBlock? _query;
    private NativeBlock? _pairQuery;
    private NativeBlock? _codes;
    private readonly NativeBlock _batches = new((9 + 2 + HnswGraph.MaxLayers) * MaxEdges * sizeof(int));

    public CandidatePool Pool { get; } = new();

    /// <summary>A second pool, for choosing edges and for candidates that passed a filter.</summary>
    public CandidatePool Chosen { get; } = new();

    public VisitedSet Visited { get; } = new();

    public int* FirstBatch => (int*)_batches.Address;

    public int* SecondBatch => FirstBatch + MaxBatch;

    public int* EdgeList => SecondBatch + MaxBatch;

    /// <summary>Distances of one batch.</summary>
    public uint* Distances => (uint*)(EdgeList + MaxEdges);

    /// <summary>The edges chosen for a new row in one of its layers.</summary>
    public int* LayerEdges(int layer) => EdgeList + MaxEdges + MaxBatch + layer * MaxEdges;

    /// <summary>Space for the query of the walk.</summary>
    public byte* Query(int bytes) => Grown(ref _query, bytes);

    /// <summary>Space for the query of a comparison between rows, while the walk's query stays.</summary>
    public byte* PairQuery(int bytes) => Grown(ref _pairQuery, bytes);

    /// <summary>Space for the codes of a small index that lie in a file.</summary>
    public ref NativeBlock? Codes => ref _codes;

    /// <summary>Keeps <paramref name="owner"/> reachable until the scratch is returned.</summary>
    public void Hold(object owner) => _held[_heldCount++] = owner;

    public void Release()
    {
        Array.Clear(_held, 0, _heldCount);
        _heldCount = 0;
    }

    public void Dispose()
    {
        Pool.Dispose();
        Chosen.Dispose();
        Visited.Dispose();
        _query?.Dispose();
        _pairQuery?.Dispose();
        _codes?.Dispose();
        _batches.Dispose();
    }

    private static byte* Grown(ref NativeBlock? block, int bytes)
    {
        if (block is null || block.Bytes < bytes)
        {
            block?.Dispose();
            block = new NativeBlock(bytes);
        }

        return block.Address;
    }
}
