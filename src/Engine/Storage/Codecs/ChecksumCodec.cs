using System.Buffers.Binary;

namespace Rag.Engine.Storage;

/// <summary>
/// Plain bytes behind a checksum.
/// <code>
///  0        1        2                 4                 8                12                16
///  +--------+--------+-----------------+-----------------+-----------------+-----------------+--------
///  | codec  | header |        0        |     key id      |  plain length   |     CRC-32C     | plain …
///  |   1    | form 1 |                 |        0        |                 |                 |
///  +--------+--------+-----------------+-----------------+-----------------+-----------------+--------
/// </code>
/// Little endian. The checksum covers the workspace's uid (not stored), bytes 0–11 and the plain bytes, so a block
/// that strayed into another workspace is found as well.
/// </summary>
internal sealed class ChecksumCodec : IPayloadCodec
{
    /// <summary>The codec's number in the header; stored, never changed.</summary>
    public const byte CodecId = 1;

    /// <summary>Bytes that the header takes.</summary>
    public const int HeaderLength = 16;

    private const byte HeaderForm = 1;

    public static readonly ChecksumCodec Instance = new();

    public int MaxEncodedLength(int plainLength) => checked(plainLength + HeaderLength);

    public int Encode(Guid workspaceUid, ReadOnlySpan<byte> plain, Span<byte> destination)
    {
        var header = destination[..HeaderLength];
        header.Clear();
        header[0] = CodecId;
        header[1] = HeaderForm;
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], plain.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], Checksum(workspaceUid, header, plain));
        plain.CopyTo(destination[HeaderLength..]);
        return HeaderLength + plain.Length;
    }

    public int PlainLength(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length < HeaderLength)
            throw new CorruptDataException($"A block of {encoded.Length} bytes is too short for a codec header.");
        if (encoded[0] != CodecId || encoded[1] != HeaderForm)
            throw new CorruptDataException($"Codec {encoded[0]}, header form {encoded[1]} is not known here.");
        var length = BinaryPrimitives.ReadInt32LittleEndian(encoded[8..]);
        if (length < 0 || length > encoded.Length - HeaderLength)
            throw new CorruptDataException($"A block of {encoded.Length} bytes claims to hold {length} bytes.");
        return length;
    }

    public int Decode(Guid workspaceUid, ReadOnlySpan<byte> encoded, Span<byte> destination)
    {
        var length = PlainLength(encoded);
        if (length != encoded.Length - HeaderLength)
            throw new CorruptDataException($"A block of {encoded.Length} bytes claims to hold {length} bytes.");
        var plain = encoded[HeaderLength..];
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(encoded[12..]);
        if (stored != Checksum(workspaceUid, encoded, plain))
            throw new CorruptDataException("The checksum of a block does not match its bytes.");
        plain.CopyTo(destination);
        return length;
    }

    private static uint Checksum(Guid workspaceUid, ReadOnlySpan<byte> header, ReadOnlySpan<byte> plain)
    {
        Span<byte> uid = stackalloc byte[16];
        workspaceUid.TryWriteBytes(uid);
        return Crc32C.Append(Crc32C.Append(Crc32C.Of(uid), header[..12]), plain);
    }
}
