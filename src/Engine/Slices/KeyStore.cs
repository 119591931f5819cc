using System.Buffers.Binary;

namespace Rag.Engine.Slices;

/// <summary>
/// The keys of a slice's rows as bytes: those of the last snapshot in its mapped section, newer ones in arenas. One
/// writer; readers inside the epoch.
/// <code>
/// location = segment (16 bits) | offset (48 bits); there: length (2), document's length (2, top bit: the chunk id is
/// the same), document id, chunk id
/// </code>
/// </summary>
internal sealed class KeyStore
{
    private const int OffsetBits = 48;
    private const int MaxSegments = 1 << 15;
    private const ushort SameFlag = 0x8000;

    private IKeySegment?[] _segments = [];
    private ArenaSegment _recent;
    private int _recentNumber;

    public KeyStore()
    {
        _recent = new ArenaSegment();
        _recentNumber = Place(_recent);
    }

    public long MemoryBytes => _segments.Sum(segment => segment?.MemoryBytes ?? 0) + 100;

    public long Append(ReadOnlySpan<byte> documentId, ReadOnlySpan<byte> chunkId)
    {
        Span<byte> entry = stackalloc byte[2 + 2 * StoreLimits.MaxIdBytes];
        var length = Encode(documentId, chunkId, entry);
        return Location(_recentNumber, _recent.Arena.Append(entry[..length]));
    }

    public KeySpan Read(long location) => Decode(
        Volatile.Read(ref _segments)[(int)(location >> OffsetBits)]!.Read(location & ((1L << OffsetBits) - 1)));

    /// <summary>The entry as it stands at a location, to be copied into a snapshot with its length before it.</summary>
    public ReadOnlySpan<byte> ReadEntry(long location) =>
        Volatile.Read(ref _segments)[(int)(location >> OffsetBits)]!.Read(location & ((1L << OffsetBits) - 1));

    /// <summary>Begins a snapshot: keys from now on go to a new arena.</summary>
    public void MarkCut()
    {
        _recent = new ArenaSegment();
        _recentNumber = Place(_recent);
    }

    /// <summary>Adds a segment that is complete; returns its number for <see cref="Location"/>.</summary>
    public int Place(IKeySegment segment)
    {
        var segments = _segments;
        var number = Array.IndexOf(segments, null);
        if (number < 0)
        {
            number = segments.Length;
            if (number >= MaxSegments)
                throw new InvalidOperationException("The key store has too many segments.");
            Array.Resize(ref segments, number + 1);
        }

        segments[number] = segment;
        Volatile.Write(ref _segments, segments);
        return number;
    }

    /// <summary>
    /// Segments other than the recent one and <paramref name="keep"/>, which no row refers to any more. Forget them
    /// with <see cref="Drop"/> after every reader has left.
    /// </summary>
    public List<int> Superseded(int keep)
    {
        var numbers = new List<int>();
        for (var number = 0; number < _segments.Length; number++)
        {
            if (_segments[number] is not null && number != keep && number != _recentNumber)
                numbers.Add(number);
        }

        return numbers;
    }

    public void Drop(int number)
    {
        (_segments[number] as IDisposable)?.Dispose();
        Volatile.Write(ref _segments[number], null);
    }

    public void Dispose()
    {
        for (var number = 0; number < _segments.Length; number++)
        {
            if (_segments[number] is not null)
                Drop(number);
        }
    }

    public static long Location(int segment, long offset) => ((long)segment << OffsetBits) | offset;

    public static int SegmentOf(long location) => (int)(location >> OffsetBits);

    private static int Encode(ReadOnlySpan<byte> documentId, ReadOnlySpan<byte> chunkId, Span<byte> to)
    {
        var same = documentId.SequenceEqual(chunkId);
        BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)(documentId.Length | (same ? SameFlag : 0)));
        documentId.CopyTo(to[2..]);
        if (same)
            return 2 + documentId.Length;
        chunkId.CopyTo(to[(2 + documentId.Length)..]);
        return 2 + documentId.Length + chunkId.Length;
    }

    private static KeySpan Decode(ReadOnlySpan<byte> entry)
    {
        var tag = BinaryPrimitives.ReadUInt16LittleEndian(entry);
        var document = entry.Slice(2, tag & ~SameFlag);
        return new KeySpan(document, (tag & SameFlag) != 0 ? document : entry[(2 + document.Length)..]);
    }

    private sealed class ArenaSegment : IKeySegment
    {
        public ByteArena Arena { get; } = new();

        public long MemoryBytes => Arena.MemoryBytes + 24;

        public ReadOnlySpan<byte> Read(long offset) => Arena.Read(offset);
    }
}

/// <summary>A place where keys lie. Thread-safe for reading.</summary>
internal interface IKeySegment
{
    /// <summary>Bytes in memory, mapped ones not counted.</summary>
    long MemoryBytes { get; }

    /// <summary>The entry at an offset, without its length.</summary>
    ReadOnlySpan<byte> Read(long offset);
}

/// <summary>A chunk's key as UTF-8.</summary>
internal readonly ref struct KeySpan(ReadOnlySpan<byte> documentId, ReadOnlySpan<byte> chunkId)
{
    public ReadOnlySpan<byte> DocumentId { get; } = documentId;

    public ReadOnlySpan<byte> ChunkId { get; } = chunkId;

    public int CompareTo(KeySpan other)
    {
        var byDocument = DocumentId.SequenceCompareTo(other.DocumentId);
        return byDocument != 0 ? byDocument : ChunkId.SequenceCompareTo(other.ChunkId);
    }

    public bool Equals(KeySpan other) =>
        ChunkId.SequenceEqual(other.ChunkId) && DocumentId.SequenceEqual(other.DocumentId);

    public ChunkKey ToKey()
    {
        var document = System.Text.Encoding.UTF8.GetString(DocumentId);
        return new ChunkKey(document, ChunkId == DocumentId || ChunkId.SequenceEqual(DocumentId)
            ? document
            : System.Text.Encoding.UTF8.GetString(ChunkId));
    }
}
