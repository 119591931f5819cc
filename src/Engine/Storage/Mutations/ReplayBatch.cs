using System.Buffers;

namespace Rag.Engine.Storage;

/// <summary>
/// Gathers replayed records of many small commits, decoded, and hands them to the sink together. Not thread-safe.
/// </summary>
internal sealed class ReplayBatch(IPayloadCodec codec, IMutationSink sink, HashSet<Guid> quarantined)
{
    private const int MaxRecords = 1024;
    private const int MaxBytes = 4 << 20;

    private readonly List<DurableRecord> _records = [];

    // Payloads are valid until the sink returns. An array of its own for each of a log's bulk writes left ten times the
    // log behind as large objects, and the collector went through the heap for every few megabytes of them.
    private readonly List<byte[]> _payloads = [];
    private int _bytes;

    /// <summary>Records handed over so far.</summary>
    public long Delivered { get; private set; }

    /// <summary>Decodes and adds a record, unless its workspace is quarantined.</summary>
    /// <exception cref="CorruptDataException">The payload cannot be decoded.</exception>
    public void Add(in ScannedRecord record, long position)
    {
        var header = record.Header;
        if (quarantined.Contains(header.Slice.WorkspaceUid))
            return;
        var length = codec.PlainLength(record.Payload.Span);
        var payload = ArrayPool<byte>.Shared.Rent(length);
        _payloads.Add(payload);
        codec.Decode(header.Slice.WorkspaceUid, record.Payload.Span, payload);
        _records.Add(new DurableRecord(
            header.Slice, header.Epoch, header.Sequence, header.Kind, header.MutationId, payload.AsMemory(0, length), position));
        _bytes += length;
        if (_records.Count >= MaxRecords || _bytes >= MaxBytes)
            Deliver();
    }

    /// <summary>Hands over what was gathered.</summary>
    public void Deliver()
    {
        if (_records.Count == 0)
            return;
        sink.Apply(_records);
        Delivered += _records.Count;
        _records.Clear();
        _payloads.ForEach(payload => ArrayPool<byte>.Shared.Return(payload));
        _payloads.Clear();
        _bytes = 0;
    }
}
