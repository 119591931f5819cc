using System.Buffers.Binary;

namespace Rag.Engine.Slices;

/// <summary>
/// Append-only store of short byte strings (up to 65,535 bytes). One writer; a reader that got a location through
/// something published later than the append may read it without a lock.
/// <code>
/// location = block number × 2²⁰ + offset; there: length (2 bytes), bytes
/// </code>
/// Blocks grow from 512 bytes to 64 KiB, so that a small slice stays small.
/// </summary>
internal sealed class ByteArena
{
    private const int OffsetBits = 20;
    private const int FirstBlockBytes = 512;
    private const int MaxBlockBytes = 64 * 1024;

    private byte[][] _blocks = [];
    private int _used;

    /// <summary>Bytes in memory.</summary>
    public long MemoryBytes { get; private set; } = 64;

    public long Append(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, ushort.MaxValue);
        var needed = bytes.Length + 2;
        if (_blocks.Length == 0 || _blocks[^1].Length - _used < needed)
            AddBlock(needed);
        var block = _blocks[^1];
        var location = ((long)(_blocks.Length - 1) << OffsetBits) | (uint)_used;
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(_used), (ushort)bytes.Length);
        bytes.CopyTo(block.AsSpan(_used + 2));
        _used += needed;
        return location;
    }

    public ReadOnlySpan<byte> Read(long location)
    {
        var block = Volatile.Read(ref _blocks)[(int)(location >> OffsetBits)];
        var offset = (int)(location & ((1 << OffsetBits) - 1));
        return block.AsSpan(offset + 2, BinaryPrimitives.ReadUInt16LittleEndian(block.AsSpan(offset)));
    }

    private void AddBlock(int needed)
    {
        var size = _blocks.Length == 0 ? FirstBlockBytes : Math.Min(MaxBlockBytes, _blocks[^1].Length * 2);
        var block = new byte[Math.Max(size, needed)];
        Volatile.Write(ref _blocks, [.. _blocks, block]);
        _used = 0;
        MemoryBytes += block.Length + 32;
    }
}
