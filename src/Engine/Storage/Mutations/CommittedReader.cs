namespace Rag.Engine.Storage;

/// <summary>
/// Reads committed records from the files while the log is in use. What is committed is not written again, so it needs
/// no lock; it may not be truncated meanwhile.
/// </summary>
internal sealed class CommittedReader(SegmentFiles segments, IPayloadCodec codec)
{
    /// <summary>The records wanted between two positions, of which the first begins a commit and the second ends one.
    /// </summary>
    /// <exception cref="CorruptDataException">Numbers are missing, or a payload cannot be decoded.</exception>
    public IEnumerable<DurableRecord> Read(long from, long to, Func<SliceId, WriteStamp, bool> wanted)
    {
        using var scanner = new MutationLogScanner(segments);
        var commit = from;
        ulong? last = null;
        foreach (var record in scanner.Scan(from, to))
        {
            var header = record.Header;
            // A tail that was cut when the log was reopened may have left its number to another record.
            if (header.LogNumber <= last)
                continue;
            if (last is { } former && header.LogNumber != former + 1)
            {
                throw new CorruptDataException(
                    $"Records {former + 1}–{header.LogNumber - 1} of the mutation log cannot be read.");
            }
            last = header.LogNumber;
            if (header.Type != MutationRecordHeader.MutationType)
                commit = record.End;
            else if (wanted(header.Slice, new WriteStamp(header.Epoch, header.Sequence)))
                yield return Decode(record, commit);
        }
    }

    private DurableRecord Decode(in ScannedRecord record, long commit)
    {
        var header = record.Header;
        var payload = new byte[codec.PlainLength(record.Payload.Span)];
        codec.Decode(header.Slice.WorkspaceUid, record.Payload.Span, payload);
        return new DurableRecord(
            header.Slice, header.Epoch, header.Sequence, header.Kind, header.MutationId, payload, commit);
    }
}
