using System.Runtime.CompilerServices;

namespace Rag.Engine.Sparse;

/// <summary>
/// Walks a term's postings in one segment forward, and jumps over blocks that a search has no use for without unpacking
/// them. One search only.
/// </summary>
internal sealed class PostingCursor
{
    private const int NoBlock = -1;

    private readonly uint[] _documents = new uint[BlockPacking.BlockLength];
    private readonly uint[] _payloads = new uint[BlockPacking.BlockLength];
    private SparseSegment _segment = null!;
    private PostingBlock _only;
    private int _term;
    private float _weight;
    private bool _isShort;

    private int _block;
    private int _unpacked;
    private int _at;
    private int _count;
    private bool _hasPayloads;

    // What the term adds at most in each block, and the first block that ends in the window looked at last.
    private long[] _bounds = new long[16];
    private int _boundBlock;

    /// <summary>The document it stands at; int.MaxValue behind the last.</summary>
    public int Document { get; private set; }

    /// <summary>What the term adds at most, anywhere in the segment.</summary>
    public long Bound { get; private set; }

    /// <summary>What it adds at most in the window that was looked at last.</summary>
    public long WindowBound { get; private set; }

    public void Begin<TScoring>(SparseSegment segment, int term, float weight, TScoring scoring)
        where TScoring : struct, ITermScoring
    {
        (_segment, _term, _weight) = (segment, term, weight);
        (_block, _unpacked, _at, _count) = (0, NoBlock, 0, 0);
        _boundBlock = 0;
        var blocks = segment.BlocksOf(term, ref _only);
        _isShort = segment.Starts[term] < 0;
        // A long list's bound is the best of its blocks' best pairs: payload and length apart would be far too high.
        Bound = 0;
        if (_bounds.Length < blocks.Length)
            _bounds = new long[Math.Max(blocks.Length, 2 * _bounds.Length)];
        for (var i = 0; i < blocks.Length; i++)
            Bound = Math.Max(Bound, _bounds[i] = BoundOf(blocks[i], scoring));
        Document = -1;
        Advance(0);
    }

    /// <summary>Postings of the term.</summary>
    public int Count
    {
        get
        {
            var blocks = Blocks;
            return (blocks.Length - 1) * BlockPacking.BlockLength + blocks[^1].Count;
        }
    }

    public void End() => _segment = null!;

    /// <summary>Goes back to the first document.</summary>
    public void Rewind()
    {
        _block = 0;
        if (_unpacked == 0)
            _at = 0;
        Document = -1;
        Advance(0);
    }

    /// <summary>Goes to the first document from <paramref name="target"/> on.</summary>
    public void Advance(int target)
    {
        if (Document >= target)
            return;
        var blocks = Blocks;
        if (_block < blocks.Length && blocks[_block].LastDocument < target)
            _block = FindBlock(blocks, _block, target);
        while (_block < blocks.Length)
        {
            Unpack(blocks);
            var at = BlockPacking.CountBelow(_documents, (uint)target);
            if (at < _count)
            {
                _at = at;
                Document = (int)_documents[at];
                return;
            }

            _block++;
        }

        Document = int.MaxValue;
    }

    /// <summary>What the posting that it stands at adds.</summary>
    public long Score<TScoring>(TScoring scoring)
        where TScoring : struct, ITermScoring
    {
        ref readonly var block = ref Blocks[_unpacked];
        var payload = _hasPayloads
            ? _payloads[_at]
            : BlockPacking.At(_segment.Data.AsSpan(PayloadOffset(block)), _count, block.PayloadBits, _at);
        return scoring.Add(_weight, payload + 1, _segment.Lengths[Document]);
    }

    /// <summary>Adds every posting before <paramref name="end"/> to the window's sums, and goes to the first
    /// behind.</summary>
    public void AddTo<TScoring>(ScoreWindow window, int end, TScoring scoring)
        where TScoring : struct, ITermScoring
    {
        var blocks = Blocks;
        var lengths = _segment.Lengths;
        while (Document < end)
        {
            if (!_hasPayloads)
                UnpackPayloads(blocks[_unpacked]);
            var at = _at;
            for (; at < _count; at++)
            {
                var document = (int)_documents[at];
                if (document >= end)
                    break;
                window.Add(document, scoring.Add(_weight, _payloads[at] + 1, lengths[document]));
            }

            _at = at;
            if (at < _count)
            {
                Document = (int)_documents[at];
                return;
            }

            if (++_block == blocks.Length)
            {
                Document = int.MaxValue;
                return;
            }

            Unpack(blocks);
            Document = (int)_documents[0];
        }
    }

    /// <summary>Finds what the term adds at most to documents of a window. Windows rise.</summary>
    public void LookAhead(int start, int end)
    {
        WindowBound = 0;
        if (Document >= end)
            return;
        var blocks = Blocks;
        if (_boundBlock < blocks.Length && blocks[_boundBlock].LastDocument < start)
            _boundBlock = FindBlock(blocks, _boundBlock, start);
        for (var i = _boundBlock; i < blocks.Length; i++)
        {
            WindowBound = Math.Max(WindowBound, _bounds[i]);
            if (blocks[i].LastDocument >= end - 1)
                break;
        }
    }

    private ReadOnlySpan<PostingBlock> Blocks
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _isShort ? new ReadOnlySpan<PostingBlock>(ref _only) : _segment.BlocksOf(_term, ref _only);
    }

    // Doubling steps, then halving: targets are mostly near.
    private static int FindBlock(ReadOnlySpan<PostingBlock> blocks, int from, int target)
    {
        var step = 1;
        while (from + step < blocks.Length && blocks[from + step].LastDocument < target)
        {
            from += step;
            step *= 2;
        }

        var (low, high) = (from + 1, Math.Min(blocks.Length, from + step));
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (blocks[middle].LastDocument < target)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private void Unpack(ReadOnlySpan<PostingBlock> blocks)
    {
        if (_unpacked == _block)
            return;
        ref readonly var block = ref blocks[_block];
        var former = _block == 0 ? -1 : blocks[_block - 1].LastDocument;
        _count = block.Count;
        BlockPacking.UnpackDocuments(_segment.Data.AsSpan(block.Offset), block.GapBits, former,
            _documents.AsSpan(0, _count));
        // What lies behind is never below a target.
        _documents.AsSpan(_count).Fill(uint.MaxValue);
        _unpacked = _block;
        _at = 0;
        _hasPayloads = false;
    }

    private void UnpackPayloads(in PostingBlock block)
    {
        BlockPacking.Unpack(_segment.Data.AsSpan(PayloadOffset(block)), block.PayloadBits, _payloads.AsSpan(0, _count));
        _hasPayloads = true;
    }

    private static int PayloadOffset(in PostingBlock block) =>
        block.Offset + BlockPacking.PackedLength(block.Count, block.GapBits);

    private long BoundOf<TScoring>(in PostingBlock block, TScoring scoring)
        where TScoring : struct, ITermScoring
    {
        var best = 0L;
        var impacts = block.Impacts;
        for (var i = 0; i < Impacts.Count; i++)
            best = Math.Max(best, scoring.Add(_weight, impacts[i].Payload, impacts[i].Length));
        // Rounding may put a posting a last bit over its pair's.
        return best + (best >> 20) + 1;
    }
}
