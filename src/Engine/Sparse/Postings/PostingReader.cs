namespace Rag.Engine.Sparse;

/// <summary>Reads a term's postings from the first to the last, a block at a time. Not thread-safe.</summary>
internal sealed class PostingReader
{
    private readonly uint[] _documents = new uint[BlockPacking.BlockLength];
    private readonly uint[] _payloads = new uint[BlockPacking.BlockLength];
    private SparseSegment? _segment;
    private PostingBlock _only;
    private int _term;
    private int _next;
    private int _former;
    private int _count;
    private int _payloadOffset;
    private int _payloadBits;

    /// <summary>Documents of the current block.</summary>
    public ReadOnlySpan<uint> Documents => _documents.AsSpan(0, _count);

    /// <summary>Payloads of the current block, 1 or more.</summary>
    public ReadOnlySpan<uint> Payloads => _payloads.AsSpan(0, _count);

    public void Begin(SparseSegment segment, int term)
    {
        _segment = segment;
        _term = term;
        _next = 0;
        _former = -1;
    }

    /// <summary>Reads the next block; false behind the last.</summary>
    public bool ReadBlock()
    {
        if (!ReadDocuments())
            return false;
        BlockPacking.Unpack(_segment!.Data.AsSpan(_payloadOffset), _payloadBits, _payloads.AsSpan(0, _count));
        foreach (ref var payload in _payloads.AsSpan(0, _count))
            payload++;
        return true;
    }

    /// <summary>Reads the block that a document would be in; false if it is behind the last.</summary>
    public bool ReadBlockOf(int document)
    {
        var blocks = _segment!.BlocksOf(_term, ref _only);
        var (low, high) = (0, blocks.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (blocks[middle].LastDocument < document)
                low = middle + 1;
            else
                high = middle;
        }

        _next = low;
        _former = low == 0 ? -1 : blocks[low - 1].LastDocument;
        return ReadBlock();
    }

    /// <summary>As <see cref="ReadBlock"/>, without payloads.</summary>
    public bool ReadDocuments()
    {
        var blocks = _segment!.BlocksOf(_term, ref _only);
        if (_next == blocks.Length)
            return false;
        ref readonly var block = ref blocks[_next++];
        _count = block.Count;
        BlockPacking.UnpackDocuments(_segment.Data.AsSpan(block.Offset), block.GapBits, _former,
            _documents.AsSpan(0, _count));
        _payloadOffset = block.Offset + BlockPacking.PackedLength(_count, block.GapBits);
        _payloadBits = block.PayloadBits;
        _former = block.LastDocument;
        return true;
    }
}
