using System.Buffers.Binary;

namespace Rag.Engine.Storage;

/// <summary>
/// What stands before the payload of every record of the mutation log.
/// <code>
///  address                         FASTER's length of what follows, 4 bytes; never used when reading
///  + 4   0  4  "RML1"              24  8  log number, dense over the whole log
///        4  4  CRC-32C of 8–       32  8  workspace number, dense over the workspace's records; 0 in a footer
///        8  4  payload length      40  8  sequence of the partition; 0 in a footer
///       12  1  format, 1           48  4  epoch
///       13  1  1 mutation,         52  4  zero
///              2 footer            56 16  workspace uid
///       14  1  kind of mutation    72 16  mutation id
///       15  1  zero                88  …  payload: of a mutation through the codec, of a footer a CommitInfo
///       16  4  session
///       20  4  partition
/// </code>
/// Little endian. A record never spans two pages. The session is a random number, new each time that the log is opened:
/// bytes that only look like a record (somebody stored a copy of a log in a document) do not have it.
/// </summary>
internal readonly record struct MutationRecordHeader
{
    public const int Length = 88;

    public const byte FormatVersion = 1;

    public const byte MutationType = 1;

    public const byte FooterType = 2;

    public static ReadOnlySpan<byte> Magic => "RML1"u8;

    public required int PayloadLength { get; init; }

    public required byte Type { get; init; }

    public byte Kind { get; init; }

    public required uint Session { get; init; }

    public required ulong LogNumber { get; init; }

    public ulong WorkspaceNumber { get; init; }

    public ulong Sequence { get; init; }

    public uint Epoch { get; init; }

    public SliceId Slice { get; init; }

    public Guid MutationId { get; init; }

    /// <summary>Writes header and checksum; the payload stands behind the header already.</summary>
    public void Seal(Span<byte> record)
    {
        var header = record[..Length];
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], PayloadLength);
        header[12] = FormatVersion;
        header[13] = Type;
        header[14] = Kind;
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], Session);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], Slice.Partition);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], LogNumber);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], WorkspaceNumber);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], Sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(header[48..], Epoch);
        Slice.WorkspaceUid.TryWriteBytes(header[56..]);
        MutationId.TryWriteBytes(header[72..]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], Crc32C.Of(record[8..(Length + PayloadLength)]));
    }

    /// <summary>Reads the record at the start of <paramref name="bytes"/>, if there is a whole and undamaged one.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out MutationRecordHeader header)
    {
        header = default;
        if (bytes.Length < Length || !bytes.StartsWith(Magic))
            return false;
        var payloadLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (payloadLength < 0 || payloadLength > bytes.Length - Length || bytes[12] != FormatVersion)
            return false;
        var checksum = Crc32C.Of(bytes[8..(Length + payloadLength)]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != checksum)
            return false;
        header = new MutationRecordHeader
        {
            PayloadLength = payloadLength,
            Type = bytes[13],
            Kind = bytes[14],
            Session = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            LogNumber = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            WorkspaceNumber = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]),
            Sequence = BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]),
            Epoch = BinaryPrimitives.ReadUInt32LittleEndian(bytes[48..]),
            Slice = new SliceId(
                new Guid(bytes.Slice(56, 16)), BinaryPrimitives.ReadInt32LittleEndian(bytes[20..])),
            MutationId = new Guid(bytes.Slice(72, 16)),
        };
        return true;
    }
}
