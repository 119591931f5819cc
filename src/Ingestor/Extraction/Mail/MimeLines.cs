using System.Buffers.Text;
using System.Text;

namespace Rag.Ingestor.Extraction;

/// <summary>Lines and transfer encodings of mail.</summary>
internal static class MimeLines
{
    /// <summary>Takes one line, without its end, off the front.</summary>
    public static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> bytes)
    {
        var end = bytes.Span.IndexOf((byte)'\n');
        var line = end < 0 ? bytes : bytes[..end];
        bytes = end < 0 ? default : bytes[(end + 1)..];
        return line.Length > 0 && line.Span[^1] == '\r' ? line[..^1] : line;
    }

    /// <summary>Headers are ASCII by rule, UTF-8 by newer rule, and anything in practice.</summary>
    public static string HeaderText(ReadOnlyMemory<byte> line) => EncodingDetector.FromHead(line.Span).Decode(line.Span);

    public static byte[] FromBase64(ReadOnlySpan<byte> body)
    {
        var letters = new byte[body.Length + 3];
        var count = 0;
        foreach (var value in body)
        {
            if (char.IsAsciiLetterOrDigit((char)value) || value is (byte)'+' or (byte)'/')
                letters[count++] = value;
        }

        // Padding may be missing or stand in the middle of joined pieces; what is left over is completed.
        while (count % 4 is 2 or 3)
            letters[count++] = (byte)'=';
        count -= count % 4;
        var decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(count)];
        Base64.DecodeFromUtf8(letters.AsSpan(0, count), decoded, out _, out var written);
        return decoded[..written];
    }

    public static byte[] FromQuotedPrintable(ReadOnlySpan<byte> body)
    {
        var decoded = new MemoryStream(body.Length);
        for (var i = 0; i < body.Length; i++)
        {
            if (body[i] != '=')
            {
                decoded.WriteByte(body[i]);
                continue;
            }

            var rest = body[(i + 1)..];
            if (rest.Length >= 2 && TryHex(rest[0], rest[1], out var value))
            {
                decoded.WriteByte(value);
                i += 2;
            }
            else if (rest.StartsWith("\r\n"u8))
            {
                i += 2;
            }
            else if (rest.StartsWith("\n"u8))
            {
                i++;
            }
            else
            {
                decoded.WriteByte((byte)'=');
            }
        }

        return decoded.ToArray();
    }

    public static bool TryHex(byte high, byte low, out byte value)
    {
        value = 0;
        if (!char.IsAsciiHexDigit((char)high) || !char.IsAsciiHexDigit((char)low))
            return false;
        value = Convert.FromHexString([(char)high, (char)low])[0];
        return true;
    }
}
