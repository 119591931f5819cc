namespace Rag.Engine.Storage;

/// <summary>How a section's bytes lie in the file. The numbers are stored.</summary>
internal enum SectionKind : byte
{
    /// <summary>Blocks through the codec, read as a stream.</summary>
    Stream = 1,

    /// <summary>Raw bytes from a multiple of 4,096 on, mapped; one CRC-32C for each block in the directory.</summary>
    Mapped = 2,
}

/// <summary>An entry of a snapshot's directory.</summary>
/// <param name="Name">1–64 bytes of ASCII, unique in the file.</param>
/// <param name="Kind">How it is stored.</param>
/// <param name="Offset">Where its bytes begin in the file.</param>
/// <param name="StoredLength">Bytes that it takes in the file.</param>
/// <param name="PlainLength">Bytes that were written to it.</param>
/// <param name="Checksums">Of a mapped section: the CRC-32C of each block; else empty.</param>
internal sealed record SnapshotSection(
    string Name, SectionKind Kind, long Offset, long StoredLength, long PlainLength, uint[] Checksums);
