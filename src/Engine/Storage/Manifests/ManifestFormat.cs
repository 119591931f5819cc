using System.Buffers.Binary;
using System.Text;

namespace Rag.Engine.Storage;

/// <summary>
/// The bytes of a manifest file.
/// <code>
///  header, 64 bytes            0  8  "RAGMANI1"      16  8  generation of the manifest
///                              8  4  format, 1       24  8  number of the first entry
///                             12  4  CRC-32C of 16–63                32 32  zero
///
///  entry, a multiple of 8      0  4  "RME1"           8  4  length with header      16  8  number, dense
///                              4  4  CRC-32C of 8–   12  1  kind   13  3  zero      24  …  body
///
///  kind 1 snapshot   24 16 uid   40 4 partition   44 4 epoch   48 8 sequence   56 8 generation   64 8 bytes
///       2 removed    24 16 uid   40 4 partition
///       3 sequence   24  8 sequence   32 4 partition   36 4 epoch, 0 for 1
///       4 position   24  8 position of the mutation log
///       5 quarantine 24 16 uid   40 4 bytes of the reason   44 … reason, UTF-8
///       6 lifted     24 16 uid
///       8 void       24  4 partition  28 4 epoch   32 8 sequence   40 8 position of the mutation log
///       7 the base is complete: all that was valid when the file was begun stands before it
/// </code>
/// Little endian.
/// </summary>
internal static class ManifestFormat
{
    public const int FileHeaderLength = 64;
    public const int EntryHeaderLength = 24;
    public const int MaxEntryLength = 8 << 10;
    public const int MaxReasonLength = 1024;

    private const uint FormatVersion = 1;

    public static ReadOnlySpan<byte> EntryMagic => "RME1"u8;

    private static ReadOnlySpan<byte> FileMagic => "RAGMANI1"u8;

    public static void WriteFileHeader(Span<byte> to, ulong generation, ulong firstNumber)
    {
        to = to[..FileHeaderLength];
        to.Clear();
        FileMagic.CopyTo(to);
        BinaryPrimitives.WriteUInt32LittleEndian(to[8..], FormatVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(to[16..], generation);
        BinaryPrimitives.WriteUInt64LittleEndian(to[24..], firstNumber);
        BinaryPrimitives.WriteUInt32LittleEndian(to[12..], Crc32C.Of(to[16..]));
    }

    public static bool TryReadFileHeader(ReadOnlySpan<byte> from, ulong generation, out ulong firstNumber)
    {
        firstNumber = 0;
        if (from.Length < FileHeaderLength || !from.StartsWith(FileMagic))
            return false;
        from = from[..FileHeaderLength];
        if (BinaryPrimitives.ReadUInt32LittleEndian(from[8..]) != FormatVersion
            || BinaryPrimitives.ReadUInt32LittleEndian(from[12..]) != Crc32C.Of(from[16..])
            || BinaryPrimitives.ReadUInt64LittleEndian(from[16..]) != generation)
            return false;
        firstNumber = BinaryPrimitives.ReadUInt64LittleEndian(from[24..]);
        return true;
    }

    /// <summary>Writes an entry; returns its length, at most <see cref="MaxEntryLength"/>.</summary>
    public static int WriteEntry(Span<byte> to, ulong number, ManifestChange change)
    {
        to = to[..MaxEntryLength];
        to.Clear();
        var body = to[EntryHeaderLength..];
        var (kind, bodyLength) = WriteBody(body, change);
        var length = (EntryHeaderLength + bodyLength + 7) & ~7;
        EntryMagic.CopyTo(to);
        BinaryPrimitives.WriteInt32LittleEndian(to[8..], length);
        to[12] = kind;
        BinaryPrimitives.WriteUInt64LittleEndian(to[16..], number);
        BinaryPrimitives.WriteUInt32LittleEndian(to[4..], Crc32C.Of(to[8..length]));
        return length;
    }

    /// <summary>Reads the entry that begins at the start of <paramref name="from"/>, if a whole and valid one does.
    /// </summary>
    public static bool TryReadEntry(
        ReadOnlySpan<byte> from, out int length, out ulong number, out ManifestChange? change)
    {
        length = 0;
        number = 0;
        change = null;
        if (from.Length < EntryHeaderLength || !from.StartsWith(EntryMagic))
            return false;
        length = BinaryPrimitives.ReadInt32LittleEndian(from[8..]);
        if (length < EntryHeaderLength || length > MaxEntryLength || length > from.Length)
            return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(from[4..]) != Crc32C.Of(from[8..length]))
            return false;
        number = BinaryPrimitives.ReadUInt64LittleEndian(from[16..]);
        change = ReadBody(from[12], from[EntryHeaderLength..length]);
        return change is not null;
    }

    private static (byte Kind, int Length) WriteBody(Span<byte> body, ManifestChange change)
    {
        switch (change)
        {
            case ManifestChange.Snapshot(var entry):
                WriteSlice(body, entry.Slice);
                BinaryPrimitives.WriteUInt32LittleEndian(body[20..], entry.Epoch);
                BinaryPrimitives.WriteUInt64LittleEndian(body[24..], entry.Sequence);
                BinaryPrimitives.WriteUInt64LittleEndian(body[32..], entry.Generation);
                BinaryPrimitives.WriteInt64LittleEndian(body[40..], entry.Bytes);
                return (1, 48);
            case ManifestChange.Removed(var slice):
                WriteSlice(body, slice);
                return (2, 20);
            case ManifestChange.PartitionSequence(var partition, var sequence, var epoch):
                BinaryPrimitives.WriteUInt64LittleEndian(body, sequence);
                BinaryPrimitives.WriteInt32LittleEndian(body[8..], partition);
                BinaryPrimitives.WriteUInt32LittleEndian(body[12..], epoch);
                return (3, 16);
            case ManifestChange.Void(var range):
                BinaryPrimitives.WriteInt32LittleEndian(body, range.Partition);
                BinaryPrimitives.WriteUInt32LittleEndian(body[4..], range.After.Epoch);
                BinaryPrimitives.WriteUInt64LittleEndian(body[8..], range.After.Sequence);
                BinaryPrimitives.WriteInt64LittleEndian(body[16..], range.Before);
                return (8, 24);
            case ManifestChange.LogPosition(var position):
                BinaryPrimitives.WriteInt64LittleEndian(body, position);
                return (4, 8);
            case ManifestChange.Quarantine(var uid, var reason):
                uid.TryWriteBytes(body);
                var cut = reason.Length <= MaxReasonLength ? reason : reason[..MaxReasonLength];
                var count = Encoding.UTF8.GetBytes(cut, body[20..]);
                BinaryPrimitives.WriteInt32LittleEndian(body[16..], count);
                return (5, 20 + count);
            case ManifestChange.QuarantineLifted(var lifted):
                lifted.TryWriteBytes(body);
                return (6, 16);
            default:
                return (7, 0);
        }
    }

    private static ManifestChange? ReadBody(byte kind, ReadOnlySpan<byte> body) => kind switch
    {
        1 when body.Length >= 48 => new ManifestChange.Snapshot(new SnapshotEntry(
            ReadSlice(body),
            BinaryPrimitives.ReadUInt32LittleEndian(body[20..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(body[40..]))),
        2 when body.Length >= 20 => new ManifestChange.Removed(ReadSlice(body)),
        3 when body.Length >= 12 => new ManifestChange.PartitionSequence(
            BinaryPrimitives.ReadInt32LittleEndian(body[8..]), BinaryPrimitives.ReadUInt64LittleEndian(body),
            body.Length >= 16 ? Math.Max(1, BinaryPrimitives.ReadUInt32LittleEndian(body[12..])) : 1),
        8 when body.Length >= 24 => new ManifestChange.Void(new VoidRange(
            BinaryPrimitives.ReadInt32LittleEndian(body),
            new WriteStamp(
                BinaryPrimitives.ReadUInt32LittleEndian(body[4..]), BinaryPrimitives.ReadUInt64LittleEndian(body[8..])),
            BinaryPrimitives.ReadInt64LittleEndian(body[16..]))),
        4 when body.Length >= 8 => new ManifestChange.LogPosition(BinaryPrimitives.ReadInt64LittleEndian(body)),
        5 when body.Length >= 20 && BinaryPrimitives.ReadInt32LittleEndian(body[16..]) is var count
            && count >= 0 && count <= body.Length - 20 =>
            new ManifestChange.Quarantine(new Guid(body[..16]), Encoding.UTF8.GetString(body.Slice(20, count))),
        6 when body.Length >= 16 => new ManifestChange.QuarantineLifted(new Guid(body[..16])),
        7 => new ManifestChange.BaseComplete(),
        _ => null,
    };

    private static void WriteSlice(Span<byte> body, SliceId slice)
    {
        slice.WorkspaceUid.TryWriteBytes(body);
        BinaryPrimitives.WriteInt32LittleEndian(body[16..], slice.Partition);
    }

    private static SliceId ReadSlice(ReadOnlySpan<byte> body) =>
        new(new Guid(body[..16]), BinaryPrimitives.ReadInt32LittleEndian(body[16..]));
}
