using System.Buffers;

namespace Rag.Engine.Storage;

/// <summary>A record that was found in the files.</summary>
/// <param name="Address">Where FASTER's length in front of it stands.</param>
/// <param name="End">Address behind it, a multiple of 4.</param>
/// <param name="Header">Its header; the checksum was right.</param>
/// <param name="Payload">Its payload, not decoded; valid until the next record is asked for.</param>
internal readonly record struct ScannedRecord(
    long Address, long End, MutationRecordHeader Header, ReadOnlyMemory<byte> Payload);

/// <summary>
/// Finds the undamaged records of the mutation log's files, whatever stands between them. FASTER's own iterator is not
/// used, because it trusts the lengths that it reads: a zeroed one skips the rest of a page in silence, a flipped bit
/// in one ends in the middle of another record. This one looks for the next record that is whole. Keeps one page in
/// memory, which is given back on dispose. Not thread-safe; nothing is appended meanwhile.
/// </summary>
internal sealed class MutationLogScanner(SegmentFiles segments) : IDisposable
{
    private const int PageBytes = MutationLogOptions.PageBytes;

    private readonly byte[] _page = ArrayPool<byte>.Shared.Rent(PageBytes);
    private long _pageStart = -1;

    public void Dispose() => ArrayPool<byte>.Shared.Return(_page);

    /// <summary>Undamaged records that begin between two addresses.</summary>
    public IEnumerable<ScannedRecord> Scan(long from, long to)
    {
        while (from < to)
        {
            Load(from);
            var end = (int)Math.Min(to - _pageStart, PageBytes);
            if (TryFind((int)(from - _pageStart), end, out var record))
            {
                from = record.End;
                yield return record;
            }
            else
            {
                from = _pageStart + PageBytes;
            }
        }
    }

    private void Load(long address)
    {
        var start = address / PageBytes * PageBytes;
        if (start == _pageStart)
            return;
        // The whole page at once: the next scan usually goes on in it.
        _pageStart = -1;
        segments.ReadTolerant(start, _page.AsSpan(0, PageBytes));
        _pageStart = start;
    }

    private bool TryFind(int from, int end, out ScannedRecord record)
    {
        var at = from + PagedLog.LengthPrefix;
        while (at < end)
        {
            var skipped = _page.AsSpan(at, end - at).IndexOf(MutationRecordHeader.Magic);
            if (skipped < 0)
                break;
            at += skipped;
            if (at % 4 == 0 && MutationRecordHeader.TryRead(_page.AsSpan(at, PageBytes - at), out var header))
            {
                var length = MutationRecordHeader.Length + header.PayloadLength;
                record = new ScannedRecord(
                    _pageStart + at - PagedLog.LengthPrefix,
                    _pageStart + at + ((length + 3) & ~3),
                    header,
                    _page.AsMemory(at + MutationRecordHeader.Length, header.PayloadLength));
                return true;
            }
            at++;
        }
        record = default;
        return false;
    }
}
