using System.Buffers.Binary;

namespace Rag.Engine.Sparse;

/// <summary>
/// Makes a segment term by term, keys rising. Use: <see cref="BeginTerm"/>, <see cref="Add"/> for each document,
/// rising, <see cref="EndTerm"/>; then <see cref="Finish"/>.
/// </summary>
internal sealed class SegmentWriter(int[] rows, ushort[] lengths)
{
    private readonly List<ulong> _keys = [];
    private readonly List<int> _starts = [];
    private readonly List<int> _longStarts = [0];
    private readonly List<PostingBlock> _blocks = [];
    private readonly uint[] _documents = new uint[BlockPacking.BlockLength];
    private readonly uint[] _payloads = new uint[BlockPacking.BlockLength];
    private readonly Impact[] _impacts = new Impact[BlockPacking.BlockLength];
    private byte[] _data = new byte[1024];
    private int _used;
    private int _count;
    private int _former;
    private ulong _key;
    private bool _isLong;

    public void BeginTerm(ulong key)
    {
        _key = key;
        _former = -1;
        _count = 0;
        _isLong = false;
    }

    /// <summary>Adds a posting. The payload is 1 or more.</summary>
    public void Add(int document, ushort payload)
    {
        if (_count == BlockPacking.BlockLength)
        {
            _isLong = true;
            WriteBlock();
        }

        _documents[_count] = (uint)document;
        _payloads[_count] = payload;
        _impacts[_count++] = new Impact(payload, lengths[document]);
    }

    /// <summary>Ends a term; one that got no posting leaves no trace. Returns whether it got any.</summary>
    public bool EndTerm()
    {
        if (_count == 0)
            return false;
        _keys.Add(_key);
        if (_isLong)
        {
            WriteBlock();
            _starts.Add(_longStarts.Count - 1);
            _longStarts.Add(_blocks.Count);
        }
        else
        {
            WriteShort();
        }

        return true;
    }

    /// <summary>The segment; nothing of it is visible.</summary>
    public SparseSegment Finish()
    {
        Array.Resize(ref _data, _used + BlockPacking.Padding);
        var segment = new SparseSegment
        {
            Rows = rows, Lengths = lengths, Keys = [.. _keys], Starts = [.. _starts], LongStarts = [.. _longStarts],
            Blocks = [.. _blocks], Data = _data, VisibleCounts = new int[_keys.Count], Shown = new bool[rows.Length],
        };
        segment.Forward = ForwardLists.Of(segment);
        return segment;
    }

    private void WriteBlock()
    {
        var last = (int)_documents[_count - 1];
        var impacts = Impacts.Of(_impacts.AsSpan(0, _count));
        var (gapBits, payloadBits) = Prepare();
        var block = new PostingBlock
        {
            LastDocument = last, Offset = _used, GapBits = (byte)gapBits, PayloadBits = (byte)payloadBits,
            CountLessOne = (byte)(_count - 1), Impacts = impacts,
        };
        WritePacked(gapBits, payloadBits);
        _blocks.Add(block);
        _former = last;
        _count = 0;
    }

    private void WriteShort()
    {
        var best = new Impact(0, ushort.MaxValue);
        foreach (var one in _impacts.AsSpan(0, _count))
            best = new Impact(Math.Max(best.Payload, one.Payload), Math.Min(best.Length, one.Length));
        var (gapBits, payloadBits) = Prepare();
        _starts.Add(~_used);
        var header = Take(SparseSegment.ShortHeaderLength);
        (header[0], header[1], header[2]) = ((byte)(_count - 1), (byte)gapBits, (byte)payloadBits);
        BinaryPrimitives.WriteUInt16LittleEndian(header[3..], best.Payload);
        BinaryPrimitives.WriteUInt16LittleEndian(header[5..], best.Length);
        WritePacked(gapBits, payloadBits);
    }

    // Documents become gaps, payloads are counted from 0; the bits that the largest of each needs.
    private (int GapBits, int PayloadBits) Prepare()
    {
        var former = _former;
        var (gaps, payloads) = (0u, 0u);
        for (var i = 0; i < _count; i++)
        {
            var document = (int)_documents[i];
            gaps |= _documents[i] = (uint)(document - former - 1);
            payloads |= --_payloads[i];
            former = document;
        }

        return (BlockPacking.BitsFor(gaps), BlockPacking.BitsFor(payloads));
    }

    private void WritePacked(int gapBits, int payloadBits)
    {
        BlockPacking.Pack(_documents.AsSpan(0, _count), gapBits, Take(BlockPacking.PackedLength(_count, gapBits)));
        BlockPacking.Pack(_payloads.AsSpan(0, _count), payloadBits, Take(BlockPacking.PackedLength(_count, payloadBits)));
    }

    private Span<byte> Take(int length)
    {
        if (_data.Length - _used < length)
            Array.Resize(ref _data, (int)Math.Min(Array.MaxLength, Math.Max(_used + (long)length, _data.Length * 2L)));
        var taken = _data.AsSpan(_used, length);
        _used += length;
        return taken;
    }
}
