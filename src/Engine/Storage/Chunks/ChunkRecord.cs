using System.Buffers.Binary;

namespace Rag.Engine.Storage;

/// <summary>
/// A record of the chunk log.
/// <code>
///  address                      FASTER's length of what follows, 4 bytes; not used when reading
///  + 4   0  4  "RCR1"           16  8  zero
///        4  4  CRC-32C of 8–    24 16  workspace uid
///        8  4  encoded length   40  …  payload through the codec
///       12  4  partition
/// </code>
/// Little endian. A record never spans two pages.
/// </summary>
internal static class ChunkRecord
{
    public const int HeaderLength = 40;

    public static ReadOnlySpan<byte> Magic => "RCR1"u8;

    /// <summary>Writes the header in front of an encoded payload that stands at <see cref="HeaderLength"/> already.
    /// </summary>
    public static void Seal(Span<byte> record, SliceId slice)
    {
        record[..HeaderLength].Clear();
        Magic.CopyTo(record);
        BinaryPrimitives.WriteInt32LittleEndian(record[8..], record.Length - HeaderLength);
        BinaryPrimitives.WriteInt32LittleEndian(record[12..], slice.Partition);
        slice.WorkspaceUid.TryWriteBytes(record[24..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], Crc32C.Of(record[8..]));
    }

    /// <summary>Bytes of the whole record, from its header, or 0 if that cannot be one.</summary>
    public static int LengthOf(ReadOnlySpan<byte> header)
    {
        if (header.Length < HeaderLength || !header.StartsWith(Magic))
            return 0;
        var encoded = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        return encoded is < 0 or > ChunkLogOptions.PageBytes - HeaderLength - PagedLog.LengthPrefix
            ? 0
            : HeaderLength + encoded;
    }

    /// <summary>Whether a whole record is undamaged.</summary>
    public static bool IsValid(ReadOnlySpan<byte> record) =>
        BinaryPrimitives.ReadUInt32LittleEndian(record[4..]) == Crc32C.Of(record[8..]);

    public static SliceId SliceOf(ReadOnlySpan<byte> record) =>
        new(new Guid(record.Slice(24, 16)), BinaryPrimitives.ReadInt32LittleEndian(record[12..]));
}
