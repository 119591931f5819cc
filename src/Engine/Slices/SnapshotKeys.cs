using System.Buffers.Binary;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>Keys in a mapped section of a snapshot: length (2 bytes), then the entry. Thread-safe.</summary>
internal sealed class MappedKeys(MappedSection section) : IKeySegment, IDisposable
{
    public long MemoryBytes => 200;

    public ReadOnlySpan<byte> Read(long offset)
    {
        var length = BinaryPrimitives.ReadUInt16LittleEndian(section.Slice(offset, 2));
        return KeyEntry.Checked(section.Slice(offset + 2, length));
    }

    public void Dispose() => section.Dispose();
}

/// <summary>Keys of a small slice, read into memory: cheaper than a map of its own.</summary>
internal sealed class LoadedKeys(byte[] bytes) : IKeySegment
{
    public long MemoryBytes => bytes.Length + 48;

    public ReadOnlySpan<byte> Read(long offset)
    {
        var at = (int)offset;
        var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));
        return KeyEntry.Checked(bytes.AsSpan(at + 2, length));
    }
}

/// <summary>Checks an entry that comes from disk.</summary>
internal static class KeyEntry
{
    public static ReadOnlySpan<byte> Checked(ReadOnlySpan<byte> entry)
    {
        if (entry.Length < 2 || (BinaryPrimitives.ReadUInt16LittleEndian(entry) & 0x7FFF) > entry.Length - 2)
            throw new CorruptDataException("A key of the snapshot is malformed.");
        return entry;
    }
}
