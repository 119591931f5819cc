using System.Buffers;

namespace Rag.Engine.Storage;

/// <summary>Reads a mapped section as a stream, without a map. Not thread-safe.</summary>
internal sealed class MappedSectionReader(IStorageFile file, SnapshotSection section)
    : SectionReadStream(section.PlainLength)
{
    private byte[]? _block = ArrayPool<byte>.Shared.Rent(SnapshotFormat.BlockLength);
    private int _next;

    protected override ReadOnlyMemory<byte> ReadBlock(int plainLength)
    {
        ObjectDisposedException.ThrowIf(_block is null, this);
        var block = _block.AsMemory(0, plainLength);
        var offset = section.Offset + ((long)_next * SnapshotFormat.BlockLength);
        if (file.Read(offset, block.Span) != plainLength)
            throw new CorruptDataException($"Section {section.Name} of the snapshot ends early.");
        if (Crc32C.Of(block.Span) != section.Checksums[_next])
            throw new CorruptDataException($"Block {_next} of section {section.Name} of the snapshot is damaged.");
        _next++;
        return block;
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing || _block is not { } block)
            return;
        _block = null;
        ArrayPool<byte>.Shared.Return(block);
    }
}
