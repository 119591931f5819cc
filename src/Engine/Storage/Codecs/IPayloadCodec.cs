namespace Rag.Engine.Storage;

/// <summary>
/// The seam that every payload and every block passes on its way to disk or stream and back. A codec puts a header
/// with its id and a key id in front, so data of several codecs may lie side by side. Now there are checksums only;
/// compression and encryption by the workspace's key come as further codecs, hence the workspace's uid.
/// Thread-safe.
/// </summary>
internal interface IPayloadCodec
{
    /// <summary>Most bytes that <paramref name="plainLength"/> bytes can become.</summary>
    int MaxEncodedLength(int plainLength);

    /// <summary>Encodes <paramref name="plain"/>; returns how many bytes were written.</summary>
    int Encode(Guid workspaceUid, ReadOnlySpan<byte> plain, Span<byte> destination);

    /// <summary>Length that <see cref="Decode"/> will return, from the header alone and not yet verified.</summary>
    /// <exception cref="CorruptDataException">There is no header that this codec understands.</exception>
    int PlainLength(ReadOnlySpan<byte> encoded);

    /// <summary>Verifies and decodes; returns how many bytes were written.</summary>
    /// <exception cref="CorruptDataException">The bytes are damaged or belong to another workspace.</exception>
    int Decode(Guid workspaceUid, ReadOnlySpan<byte> encoded, Span<byte> destination);
}
