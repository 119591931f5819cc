using System.Text;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// An encoding to read a text by.
/// </summary>
/// <param name="Encoding">Decodes wrong bytes to U+FFFD.</param>
/// <param name="MarkBytes">Bytes of the byte order mark to skip.</param>
/// <param name="LooksBinary">True where the bytes are not text in any encoding.</param>
internal sealed record DetectedEncoding(Encoding Encoding, int MarkBytes, bool LooksBinary)
{
    public string Decode(ReadOnlySpan<byte> bytes) => Encoding.GetString(bytes[MarkBytes..]);

    /// <summary>A reader over the whole content from its first character.</summary>
    public TextReader OpenReader(Stream content)
    {
        content.Position = MarkBytes;
        return new StreamReader(
            content, Encoding, detectEncodingFromByteOrderMarks: false, bufferSize: 32 * 1024, leaveOpen: true);
    }

    /// <summary>The whole content in UTF-8 without a mark. Nothing to dispose: the content is its owner's.</summary>
    public Stream OpenUtf8(Stream content)
    {
        content.Position = MarkBytes;
        return Encoding is UTF8Encoding
            ? content
            : Encoding.CreateTranscodingStream(content, Encoding, new UTF8Encoding(false), leaveOpen: true);
    }
}
