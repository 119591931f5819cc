using System.Buffers.Binary;

namespace Rag.Engine.Indexing;

/// <summary>
/// The first 64 bytes of a saved index, little endian:
/// <code>
///  0 magic "RVX1"   4 dimension   8 metric  9 codec  10 has graph  11 more recall tables: 0 or 1   12 M   16 bytes a code   20 row limit
/// 24 linked up to  28 entry row  32 entry layer  36 0  40 seed  48 … 63 0
/// </code>
/// </summary>
internal readonly record struct IndexHeader(
    int Dimension, Metric Metric, VectorCodec Codec, bool HasGraph, int M, int CodeBytes, int RowLimit, int LinkedUpTo,
    int EntryRow, int EntryLayer, ulong Seed, int MoreTables)
{
    public const int Bytes = 64;

    /// <summary>Tables that follow the one of open searches: that of filtered ones.</summary>
    public const int MoreTablesNow = 1;

    private const uint Magic = 0x31585652;

    public void WriteTo(Stream stream)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        bytes.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], Dimension);
        bytes[8] = (byte)Metric;
        bytes[9] = (byte)Codec;
        bytes[10] = HasGraph ? (byte)1 : (byte)0;
        bytes[11] = (byte)MoreTables;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], M);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], CodeBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[20..], RowLimit);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[24..], LinkedUpTo);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[28..], EntryRow);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[32..], EntryLayer);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[40..], Seed);
        stream.Write(bytes);
    }

    /// <summary>Reads a header and checks it against what the index is opened as.</summary>
    /// <exception cref="InvalidDataException">It is no header, out of range, or of another index.</exception>
    public static IndexHeader ReadFrom(Stream stream, VectorIndexOptions options, int codeBytes)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        IndexStream.ReadExactly(stream, bytes);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
            throw new InvalidDataException("This is not a saved vector index, or of a version that is not known here.");
        var header = new IndexHeader(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), (Metric)bytes[8], (VectorCodec)bytes[9], bytes[10] != 0,
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]), bytes[11]);
        if (header.Dimension != options.Dimension || header.Metric != options.Metric || header.Codec != options.Codec
            || header.M != options.M || header.Seed != options.Seed || header.CodeBytes != codeBytes)
            throw new InvalidDataException($"The saved index ({header}) was made with other options than {options}.");
        if (header.RowLimit < 0 || header.LinkedUpTo < 0 || header.LinkedUpTo > header.RowLimit
            || header.EntryRow < -1 || header.EntryRow >= header.RowLimit
            || header.MoreTables is not (0 or MoreTablesNow) || header.EntryLayer is < 0 or > Hnsw.HnswGraph.MaxLayers)
            throw new InvalidDataException($"The saved index's header is damaged: {header}.");
        return header;
    }
}
