using System.Runtime.InteropServices;
using Rag.Engine.Indexing;

namespace Rag.Engine.Sparse;

/// <summary>
/// Writes and reads segments. Numbers are little endian; arrays stand as in memory.
/// <code>
/// format (4 bytes), segments (4), then for each: documents, terms, long lists, blocks, bytes of data (4 each),
/// rows, lengths, keys, starts, long starts, blocks, data
/// </code>
/// What can be made from that is not saved: forward lists, counts.
/// </summary>
internal static class SegmentStream
{
    private const int Format = 1;
    private const int MaxSegments = 1 << 16;
    private const int PieceBytes = 1 << 20;

    public static void Write(Stream stream, ReadOnlySpan<SparseSegment> segments)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("A saved index needs a little-endian machine.");
        WriteArray<int>(stream, [Format, segments.Length]);
        foreach (var segment in segments)
        {
            WriteArray<int>(stream,
            [
                segment.Count, segment.Keys.Length, segment.LongStarts.Length - 1, segment.Blocks.Length,
                segment.Data.Length,
            ]);
            WriteArray<int>(stream, segment.Rows);
            WriteArray<ushort>(stream, segment.Lengths);
            WriteArray<ulong>(stream, segment.Keys);
            WriteArray<int>(stream, segment.Starts);
            WriteArray<int>(stream, segment.LongStarts);
            WriteArray<PostingBlock>(stream, segment.Blocks);
            WriteArray<byte>(stream, segment.Data);
        }
    }

    /// <exception cref="InvalidDataException">The content is damaged.</exception>
    public static void Read(Stream stream, IRowPresence present, Action<SparseSegment> add)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("A saved index needs a little-endian machine.");
        var head = ReadArray<int>(stream, 2);
        if (head[0] != Format)
            throw new InvalidDataException($"The saved sparse index has format {head[0]}; {Format} is known here.");
        if (head[1] is < 0 or > MaxSegments)
            throw Malformed();
        var seen = new HashSet<int>();
        for (var i = 0; i < head[1]; i++)
        {
            var segment = ReadSegment(stream);
            SegmentCheck.Check(segment);
            for (var document = 0; document < segment.Count; document++)
            {
                var row = segment.Rows[document];
                if (row >= 0 && present.IsPresent(row))
                {
                    if (!seen.Add(row))
                        throw Malformed();
                    continue;
                }

                segment.Rows[document] = -1;
                segment.Removed++;
            }

            segment.Forward = ForwardLists.Of(segment);
            add(segment);
        }
    }

    public static InvalidDataException Malformed() => new("The saved sparse index is malformed.");

    private static SparseSegment ReadSegment(Stream stream)
    {
        var counts = ReadArray<int>(stream, 5);
        var (documents, terms, longs, blocks, bytes) = (counts[0], counts[1], counts[2], counts[3], counts[4]);
        if (documents < 1 || terms < 1 || longs < 0 || blocks < 0 || bytes < BlockPacking.Padding || longs > terms)
            throw Malformed();
        return new SparseSegment
        {
            Rows = ReadArray<int>(stream, documents),
            Lengths = ReadArray<ushort>(stream, documents),
            Keys = ReadArray<ulong>(stream, terms),
            Starts = ReadArray<int>(stream, terms),
            LongStarts = ReadArray<int>(stream, longs + 1),
            Blocks = ReadArray<PostingBlock>(stream, blocks),
            Data = ReadArray<byte>(stream, bytes),
            VisibleCounts = new int[terms],
            Shown = new bool[documents],
        };
    }

    private static void WriteArray<T>(Stream stream, ReadOnlySpan<T> values)
        where T : unmanaged =>
        stream.Write(MemoryMarshal.AsBytes(values));

    // Memory grows as data come, so a damaged count takes none.
    private static unsafe T[] ReadArray<T>(Stream stream, int count)
        where T : unmanaged
    {
        var piece = Math.Max(1, PieceBytes / sizeof(T));
        var values = new T[Math.Min(count, piece)];
        for (var read = 0; read < count;)
        {
            if (read == values.Length)
                Array.Resize(ref values, (int)Math.Min(count, values.Length * 2L));
            IndexStream.ReadExactly(stream, MemoryMarshal.AsBytes(values.AsSpan(read)));
            read = values.Length;
        }

        return values;
    }
}
