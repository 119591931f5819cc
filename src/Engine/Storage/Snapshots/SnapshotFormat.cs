using System.Buffers.Binary;
using System.Text;

namespace Rag.Engine.Storage;

/// <summary>
/// The layout of a snapshot file, and its directory and footer.
/// <code>
///  +--------+-----------------+------------------+- - -+-----------+--------+
///  | header | stream section  | mapped section   |     | directory | footer |
///  | 128 B  | blocks          | at 4,096 · n     |     | encoded   | 32 B   |
///  +--------+-----------------+------------------+- - -+-----------+--------+
///
///  block of a stream section:  +------------------+----------------------+
///                              | encoded length 4 | encoded, ≤ 64 KiB    |   … until the stored length is used up
///                              |                  | of plain bytes       |
///                              +------------------+----------------------+
///
///  directory (plain, then through the codec):
///    4  number of sections, then for each:
///    1  kind   1  bytes of the name   2  zero   4  number of checksums
///    8  offset   8  stored length   8  plain length   name   checksums, 4 bytes each
///
///  footer:
///    0  8  "RAGSNAPE"     8  8  offset of the directory     16  4  its encoded length
///   20  4  zero          24  4  zero                        28  4  CRC-32C of 0–27 and of the file's header
/// </code>
/// Little endian. Written front to back and never changed afterwards; a file without a footer was never finished.
/// </summary>
internal static class SnapshotFormat
{
    /// <summary>Plain bytes of a block, of stream and mapped sections alike.</summary>
    public const int BlockLength = 64 << 10;

    /// <summary>Mapped sections begin at multiples of this: the largest common page size would be 64 KiB, but maps of
    /// .NET take any offset; alignment is for the vectors in it.</summary>
    public const int MappedAlignment = 4096;

    public const int FooterLength = 32;

    /// <summary>Most sections in a file, so that a damaged count cannot ask for gigabytes.</summary>
    public const int MaxSections = 4096;

    public const int MaxNameLength = 64;

    private static ReadOnlySpan<byte> FooterMagic => "RAGSNAPE"u8;

    public static byte[] EncodeDirectory(IReadOnlyList<SnapshotSection> sections)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.ASCII);
        writer.Write(sections.Count);
        foreach (var section in sections)
        {
            var name = Encoding.ASCII.GetBytes(section.Name);
            writer.Write((byte)section.Kind);
            writer.Write((byte)name.Length);
            writer.Write((ushort)0);
            writer.Write(section.Checksums.Length);
            writer.Write(section.Offset);
            writer.Write(section.StoredLength);
            writer.Write(section.PlainLength);
            writer.Write(name);
            foreach (var checksum in section.Checksums)
                writer.Write(checksum);
        }
        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>Reads a directory whose checksum was right; still, nothing in it may lead outside the file.</summary>
    public static Dictionary<string, SnapshotSection> DecodeDirectory(byte[] plain, long directoryOffset)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(plain), Encoding.ASCII);
            var count = reader.ReadInt32();
            if (count is < 0 or > MaxSections)
                throw new CorruptDataException($"The snapshot's directory claims {count} sections.");
            var sections = new Dictionary<string, SnapshotSection>(count, StringComparer.Ordinal);
            for (var i = 0; i < count; i++)
            {
                var section = ReadSection(reader, plain.Length);
                Check(section, directoryOffset);
                if (!sections.TryAdd(section.Name, section))
                    throw new CorruptDataException($"The snapshot's directory names section {section.Name} twice.");
            }
            return sections;
        }
        catch (EndOfStreamException exception)
        {
            throw new CorruptDataException("The snapshot's directory ends early.", exception);
        }
    }

    public static void WriteFooter(Span<byte> to, ReadOnlySpan<byte> header, long directoryOffset, int directoryLength)
    {
        to = to[..FooterLength];
        to.Clear();
        FooterMagic.CopyTo(to);
        BinaryPrimitives.WriteInt64LittleEndian(to[8..], directoryOffset);
        BinaryPrimitives.WriteInt32LittleEndian(to[16..], directoryLength);
        BinaryPrimitives.WriteUInt32LittleEndian(to[28..], Crc32C.Append(Crc32C.Of(to[..28]), header));
    }

    public static (long DirectoryOffset, int DirectoryLength) ReadFooter(
        ReadOnlySpan<byte> footer, ReadOnlySpan<byte> header, long fileLength)
    {
        if (!footer.StartsWith(FooterMagic))
            throw new CorruptDataException("The snapshot has no footer: it is cut short or damaged at its end.");
        var checksum = Crc32C.Append(Crc32C.Of(footer[..28]), header);
        if (BinaryPrimitives.ReadUInt32LittleEndian(footer[28..]) != checksum)
            throw new CorruptDataException("The checksum of the snapshot's footer does not match.");
        var offset = BinaryPrimitives.ReadInt64LittleEndian(footer[8..]);
        var length = BinaryPrimitives.ReadInt32LittleEndian(footer[16..]);
        if (offset < SnapshotHeader.Length || length < 0 || offset + length + FooterLength != fileLength)
            throw new CorruptDataException("The snapshot's footer does not fit the file's length.");
        return (offset, length);
    }

    /// <summary>Number of blocks that so many bytes take.</summary>
    public static int BlockCount(long bytes) => checked((int)((bytes + BlockLength - 1) / BlockLength));

    private static SnapshotSection ReadSection(BinaryReader reader, int directoryBytes)
    {
        var kind = (SectionKind)reader.ReadByte();
        var nameLength = reader.ReadByte();
        reader.ReadUInt16();
        var checksumCount = reader.ReadInt32();
        if (checksumCount < 0 || checksumCount > directoryBytes / sizeof(uint))
            throw new CorruptDataException("The snapshot's directory claims more checksums than it has bytes.");
        var offset = reader.ReadInt64();
        var storedLength = reader.ReadInt64();
        var plainLength = reader.ReadInt64();
        var name = Encoding.ASCII.GetString(reader.ReadBytes(nameLength));
        var checksums = new uint[checksumCount];
        for (var i = 0; i < checksumCount; i++)
            checksums[i] = reader.ReadUInt32();
        return new SnapshotSection(name, kind, offset, storedLength, plainLength, checksums);
    }

    private static void Check(SnapshotSection section, long directoryOffset)
    {
        var inFile = section.Offset >= SnapshotHeader.Length && section.StoredLength >= 0 && section.PlainLength >= 0
            && section.Offset <= directoryOffset && section.StoredLength <= directoryOffset - section.Offset;
        var fits = section.Kind switch
        {
            SectionKind.Stream => section.Checksums.Length == 0,
            SectionKind.Mapped => section.StoredLength == section.PlainLength
                && section.Offset % MappedAlignment == 0
                && section.Checksums.Length == BlockCount(section.PlainLength),
            _ => false,
        };
        if (!inFile || !fits)
            throw new CorruptDataException($"The snapshot's directory describes section {section.Name} wrongly.");
    }
}
