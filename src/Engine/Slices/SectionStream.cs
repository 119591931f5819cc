using System.Runtime.InteropServices;
using Rag.Engine.Mutations;

namespace Rag.Engine.Slices;

/// <summary>Writes and reads parts of a snapshot's sections: checked lengths, whole arrays at once.</summary>
internal static class SectionStream
{
    // Longest part that is built in memory: payloads of states and ids, not arrays of rows.
    private const int MaxPartBytes = 1 << 30;

    /// <summary>Length, then the bytes that <paramref name="part"/> holds.</summary>
    public static void WritePart(Stream stream, PayloadWriter part)
    {
        Span<byte> length = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(length, part.Length);
        stream.Write(length);
        stream.Write(part.WrittenSpan);
    }

    public static byte[] ReadPart(Stream stream)
    {
        var length = ReadInt32(stream);
        if (length is < 0 or > MaxPartBytes)
            throw Malformed();
        var part = new byte[length];
        ReadExactly(stream, part);
        return part;
    }

    public static void WriteInt32(Stream stream, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    public static int ReadInt32(Stream stream)
    {
        Span<byte> bytes = stackalloc byte[4];
        ReadExactly(stream, bytes);
        return System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    public static void WriteArray<T>(Stream stream, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ThrowIfBigEndian();
        stream.Write(MemoryMarshal.AsBytes(values));
    }

    public static void ReadArray<T>(Stream stream, Span<T> values)
        where T : unmanaged
    {
        ThrowIfBigEndian();
        ReadExactly(stream, MemoryMarshal.AsBytes(values));
    }

    public static InvalidDataException Malformed() => new("A section of the snapshot is malformed.");

    private static void ReadExactly(Stream stream, Span<byte> bytes)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw Malformed();
    }

    // Arrays of rows stand in files as they stand in memory. No machine that .NET 10 supports is big endian but s390x.
    private static void ThrowIfBigEndian()
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Snapshots need a little-endian machine.");
    }
}
