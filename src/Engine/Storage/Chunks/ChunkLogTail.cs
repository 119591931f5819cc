using System.Buffers.Binary;

namespace Rag.Engine.Storage;

/// <summary>
/// Remembers how far the chunk log was made durable, so that addresses which snapshots may name are never given out
/// again, even if the log's last file was cut short. Two slots, written in turn: one is always whole.
/// <code>
///  slot n at 4,096 · n:   0  8  "RAGCTAIL"   8  8  number of the write   16  8  address   24  4  CRC-32C of 0–23
/// </code>
/// Not thread-safe.
/// </summary>
internal sealed class ChunkLogTail : IDisposable
{
    private const int SlotLength = 28;
    private const int SlotDistance = 4096;

    private readonly IStorageFile _file;
    private ulong _number;

    public ChunkLogTail(IStorageFileSystem files, string folder)
    {
        var path = Path.Combine(folder, "tail");
        var isNew = !files.Exists(path);
        _file = files.OpenOrCreate(path);
        if (isNew)
            files.SyncFolder(folder);
        Span<byte> slot = stackalloc byte[SlotLength];
        for (var i = 0; i < 2; i++)
        {
            if (_file.Read(i * SlotDistance, slot) < SlotLength || !slot.StartsWith(Magic)
                || BinaryPrimitives.ReadUInt32LittleEndian(slot[24..]) != Crc32C.Of(slot[..24]))
                continue;
            _number = Math.Max(_number, BinaryPrimitives.ReadUInt64LittleEndian(slot[8..]));
            Address = Math.Max(Address, BinaryPrimitives.ReadInt64LittleEndian(slot[16..]));
        }
    }

    /// <summary>The highest address known to have been durable.</summary>
    public long Address { get; private set; }

    private static ReadOnlySpan<byte> Magic => "RAGCTAIL"u8;

    /// <summary>Records an address, durably.</summary>
    public void Advance(long address)
    {
        if (address <= Address)
            return;
        Span<byte> slot = stackalloc byte[SlotLength];
        Magic.CopyTo(slot);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[8..], _number + 1);
        BinaryPrimitives.WriteInt64LittleEndian(slot[16..], address);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[24..], Crc32C.Of(slot[..24]));
        _file.Write((long)((_number + 1) % 2) * SlotDistance, slot);
        _file.Sync();
        _number++;
        Address = address;
    }

    public void Dispose() => _file.Dispose();
}
