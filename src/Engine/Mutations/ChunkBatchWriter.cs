namespace Rag.Engine.Mutations;

/// <summary>
/// Encodes chunk writes into as few payloads of at most 256 KiB as their order allows. The same chunks always give the
/// same payloads but for the moment of acceptance, so that the parts of a retry meet those of the first try.
/// <code>
/// header, [document id, generation if staged], then until the end: EncodedChunk
/// </code>
/// </summary>
internal sealed class ChunkBatchWriter : IDisposable
{
    private readonly PayloadWriter _current = new(16 * 1024);
    private readonly PayloadWriter _chunk = new(4096);
    private readonly PayloadWriter _scratch = new(4096);
    private readonly List<ChunkPart> _parts = [];
    private readonly int _prefixLength;
    private int _count;

    private ChunkBatchWriter(PayloadHeader header, string? documentId, Guid generation)
    {
        header.Write(_current);
        if (documentId is not null)
        {
            _current.Text(documentId);
            _current.Guid(generation);
        }

        _prefixLength = _current.Length;
    }

    public static ChunkBatchWriter ForUpsert(PayloadHeader header) => new(header, null, default);

    public static ChunkBatchWriter ForStage(PayloadHeader header, string documentId, Guid generation) =>
        new(header, documentId, generation);

    /// <summary>Adds a chunk; false if it does not fit a record even alone.</summary>
    public bool TryAdd(ChunkWrite chunk)
    {
        _chunk.TruncateTo(0);
        EncodedChunk.Write(_chunk, chunk, _scratch);
        if (_prefixLength + _chunk.Length > StoreLimits.MaxRecordBytes)
            return false;
        if (_current.Length + _chunk.Length > StoreLimits.MaxRecordBytes)
            EndPart();
        _current.Raw(_chunk.WrittenSpan);
        _count++;
        return true;
    }

    /// <summary>The payloads with the number of chunks in each, in order.</summary>
    public IReadOnlyList<ChunkPart> Complete()
    {
        if (_count > 0)
            EndPart();
        return _parts;
    }

    public void Dispose()
    {
        _current.Dispose();
        _chunk.Dispose();
        _scratch.Dispose();
    }

    private void EndPart()
    {
        _parts.Add(new ChunkPart(_current.ToArray(), _count));
        _current.TruncateTo(_prefixLength);
        _count = 0;
    }
}

/// <summary>One record's payload and how many chunks it holds.</summary>
internal readonly record struct ChunkPart(byte[] Payload, int Count);
