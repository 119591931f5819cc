using System.Buffers.Binary;

namespace Rag.Engine.Storage;

/// <summary>
/// What a snapshot is of. First block of the file, and the file's identity: a reader that expects another slice or
/// generation finds the file corrupt.
/// <code>
///   0  8  "RAGSNAP1"              32  4  partition            64  8  generation
///   8  4  format version, 1       36  4  epoch                72  8  time of creation, Unix ms
///  12  4  CRC-32C of 16–127       40  8  sequence             80 48  zero
///  16 16  workspace uid           48  8  settings version
///                                 56  8  zero
/// </code>
/// Little endian, 128 bytes.
/// </summary>
/// <param name="Slice">The slice.</param>
/// <param name="Epoch">Epoch of <paramref name="Sequence"/>.</param>
/// <param name="Sequence">Last sequence of the partition whose changes to the slice are all in the snapshot.</param>
/// <param name="SettingsVersion">Version of the workspace's settings in the snapshot; 0 for none.</param>
/// <param name="Generation">Number of the snapshot, rising over all snapshots of a store.</param>
/// <param name="CreatedUnixMs">When it was written.</param>
internal readonly record struct SnapshotHeader(
    SliceId Slice, uint Epoch, ulong Sequence, ulong SettingsVersion, ulong Generation, long CreatedUnixMs)
{
    /// <summary>Bytes of the header in the file.</summary>
    public const int Length = 128;

    private const uint FormatVersion = 1;

    private static ReadOnlySpan<byte> Magic => "RAGSNAP1"u8;

    /// <summary>Writes the header; <paramref name="to"/> has <see cref="Length"/> bytes.</summary>
    public void WriteTo(Span<byte> to)
    {
        to = to[..Length];
        to.Clear();
        Magic.CopyTo(to);
        BinaryPrimitives.WriteUInt32LittleEndian(to[8..], FormatVersion);
        Slice.WorkspaceUid.TryWriteBytes(to[16..]);
        BinaryPrimitives.WriteInt32LittleEndian(to[32..], Slice.Partition);
        BinaryPrimitives.WriteUInt32LittleEndian(to[36..], Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(to[40..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(to[48..], SettingsVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(to[64..], Generation);
        BinaryPrimitives.WriteInt64LittleEndian(to[72..], CreatedUnixMs);
        BinaryPrimitives.WriteUInt32LittleEndian(to[12..], Crc32C.Of(to[16..]));
    }

    /// <summary>Reads and verifies a header.</summary>
    /// <exception cref="CorruptDataException">It is none, or damaged, or of a later format.</exception>
    public static SnapshotHeader Read(ReadOnlySpan<byte> from)
    {
        if (from.Length < Length || !from.StartsWith(Magic))
            throw new CorruptDataException("The file does not begin like a snapshot.");
        from = from[..Length];
        var version = BinaryPrimitives.ReadUInt32LittleEndian(from[8..]);
        if (version != FormatVersion)
            throw new CorruptDataException($"The snapshot has format {version}; {FormatVersion} is known here.");
        if (BinaryPrimitives.ReadUInt32LittleEndian(from[12..]) != Crc32C.Of(from[16..]))
            throw new CorruptDataException("The checksum of the snapshot's header does not match.");
        return new SnapshotHeader(
            new SliceId(new Guid(from.Slice(16, 16)), BinaryPrimitives.ReadInt32LittleEndian(from[32..])),
            BinaryPrimitives.ReadUInt32LittleEndian(from[36..]),
            BinaryPrimitives.ReadUInt64LittleEndian(from[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(from[48..]),
            BinaryPrimitives.ReadUInt64LittleEndian(from[64..]),
            BinaryPrimitives.ReadInt64LittleEndian(from[72..]));
    }
}
