using System.Buffers;

namespace Rag.Engine.Storage;

/// <summary>Reads and verifies records of the chunk log from its files. Thread-safe.</summary>
internal sealed class ChunkLogReader(SegmentFiles segments, IPayloadCodec codec)
{
    // Who does not say how long a record is: most chunks with their metadata fit.
    private const int FirstReadBytes = 4096;

    /// <summary>Reads the record at an address; returns the payload's length.</summary>
    /// <param name="plainLength">What its length should be, so that one read of the file takes no more than it; 0 if that
    /// is not known.</param>
    /// <param name="ahead">What was read already; null: nothing.</param>
    public int Read(long address, SliceId expected, int plainLength, IBufferWriter<byte> to, ChunkReadAhead? ahead)
    {
        if (ahead is not null && TryFind(ahead, address, out var known))
            return DecodeValid(known, expected, to);
        var pageLeft = (int)(ChunkLogOptions.PageBytes - (address % ChunkLogOptions.PageBytes));
        var most = pageLeft - PagedLog.LengthPrefix;
        if (most < ChunkRecord.HeaderLength)
            throw new CorruptDataException($"No record of the chunk log can stand at address {address}.");
        var first = plainLength > 0 ? ChunkRecord.HeaderLength + codec.MaxEncodedLength(plainLength) : FirstReadBytes;
        first = Math.Min(first, most);
        var buffer = ArrayPool<byte>.Shared.Rent(first);
        try
        {
            segments.Read(address + PagedLog.LengthPrefix, buffer.AsSpan(0, first));
            var length = ChunkRecord.LengthOf(buffer.AsSpan(0, first));
            if (length == 0 || length > most)
                throw new CorruptDataException($"There is no record at address {address} of the chunk log.");
            if (length > first)
            {
                var longer = ArrayPool<byte>.Shared.Rent(length);
                buffer.AsSpan(0, first).CopyTo(longer);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = longer;
                segments.Read(address + PagedLog.LengthPrefix + first, buffer.AsSpan(first, length - first));
            }
            return Decode(buffer.AsSpan(0, length), expected, to);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads records that will be wanted, neighbours together.</summary>
    /// <param name="ahead">Where they are named, and kept.</param>
    /// <param name="from">What lies before is not in the log any more.</param>
    /// <param name="to">What lies behind is not in a file yet.</param>
    public void ReadAhead(ChunkReadAhead ahead, long from, long to) => ahead.Fill(segments, from, to);

    /// <summary>Bytes that a record with this payload takes at most.</summary>
    public int BytesFor(int plainLength) =>
        PagedLog.LengthPrefix + ChunkRecord.HeaderLength + codec.MaxEncodedLength(plainLength);

    /// <summary>Verifies and decodes a whole record; returns the payload's length.</summary>
    public int Decode(ReadOnlySpan<byte> record, SliceId expected, IBufferWriter<byte> to) => ChunkRecord.IsValid(record)
        ? DecodeValid(record, expected, to)
        : throw new CorruptDataException("The checksum of a record of the chunk log does not match its bytes.");

    // What is not whole there may have been on its way to the file, and is read again.
    private static bool TryFind(ChunkReadAhead ahead, long address, out ReadOnlySpan<byte> record)
    {
        record = ahead.At(address + PagedLog.LengthPrefix);
        var length = ChunkRecord.LengthOf(record);
        if (length == 0 || length > record.Length || !ChunkRecord.IsValid(record[..length]))
            return false;
        record = record[..length];
        return true;
    }

    private int DecodeValid(ReadOnlySpan<byte> record, SliceId expected, IBufferWriter<byte> to)
    {
        if (ChunkRecord.SliceOf(record) != expected)
            throw new CorruptDataException($"A record of the chunk log belongs to another slice than {expected}.");
        var encoded = record[ChunkRecord.HeaderLength..];
        var length = codec.PlainLength(encoded);
        var span = to.GetSpan(Math.Max(length, 1));
        to.Advance(codec.Decode(expected.WorkspaceUid, encoded, span));
        return length;
    }

    /// <summary>Undamaged records between two addresses.</summary>
    public IEnumerable<ChunkLogEntry> Scan(long from, long to)
    {
        var page = new byte[ChunkLogOptions.PageBytes];
        while (from < to)
        {
            var pageStart = from / ChunkLogOptions.PageBytes * ChunkLogOptions.PageBytes;
            var end = (int)Math.Min(to - pageStart, ChunkLogOptions.PageBytes);
            segments.ReadTolerant(pageStart, page.AsSpan(0, end));
            for (var at = (int)(from - pageStart); TryFindNext(page.AsSpan(0, end), at, out var entry, out at);)
                yield return entry with { Address = pageStart + entry.Address };
            from = pageStart + ChunkLogOptions.PageBytes;
        }
    }

    private static bool TryFindNext(ReadOnlySpan<byte> page, int from, out ChunkLogEntry entry, out int next)
    {
        var at = from + PagedLog.LengthPrefix;
        while (at < page.Length && page[at..].IndexOf(ChunkRecord.Magic) is >= 0 and var skipped)
        {
            at += skipped;
            var length = at % 4 == 0 ? ChunkRecord.LengthOf(page[at..]) : 0;
            if (length > 0 && at + length <= page.Length && ChunkRecord.IsValid(page.Slice(at, length)))
            {
                var bytes = PagedLog.LengthPrefix + ((length + 3) & ~3);
                entry = new ChunkLogEntry(
                    at - PagedLog.LengthPrefix, ChunkRecord.SliceOf(page.Slice(at, length)), bytes);
                next = at - PagedLog.LengthPrefix + bytes;
                return true;
            }
            at++;
        }
        entry = default;
        next = page.Length;
        return false;
    }
}
