using System.Text;
using System.Text.Unicode;
using UtfUnknown;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// What encoding a text is in: byte order mark, then UTF-16 or UTF-32 by where their zeros fall, then UTF-8, then
/// statistics. UTF-8 with a few wrong bytes stays UTF-8, the wrong bytes become U+FFFD.
/// </summary>
internal static class EncodingDetector
{
    private const int Windows = 16;
    private const int WindowBytes = 64 * 1024;

    /// <summary>
    /// Wrong sequences for each right one up to which a text is UTF-8. Text in another encoding hardly ever makes a
    /// right multi-byte sequence by chance, so this may be generous.
    /// </summary>
    private const double TolerableErrors = 0.50;

    /// <summary>Share of control characters above which bytes are not text.</summary>
    private const double TolerableControls = 0.05;

    static EncodingDetector() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>
    /// Looks at up to 16 windows spread over the whole content, so that one late byte is seen likely.
    /// </summary>
    public static DetectedEncoding FromStream(Stream content)
    {
        var sample = Sample(content);
        return FromHead(sample);
    }

    public static DetectedEncoding FromHead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return new DetectedEncoding(Encoding.UTF8, 0, LooksBinary: false);
        if (FromMark(bytes) is { } marked)
            return marked;
        if (FromZeros(bytes) is { } wide)
            return new DetectedEncoding(wide, 0, LooksBinary: false);
        if (LooksBinary(bytes))
            return new DetectedEncoding(Encoding.Latin1, 0, LooksBinary: true);
        var errors = Utf8Errors(bytes, out var multibyte);
        if (errors == 0)
            return new DetectedEncoding(Encoding.UTF8, 0, LooksBinary: false);
        if (multibyte > 0 && errors <= multibyte * TolerableErrors)
            return new DetectedEncoding(Encoding.UTF8, 0, LooksBinary: false);
        return new DetectedEncoding(FromStatistics(bytes) ?? Encoding.UTF8, 0, LooksBinary: false);
    }

    /// <summary>The encoding of a name as mails, XML and HTML use them, or null where it is not known.</summary>
    public static Encoding? ByName(string name)
    {
        try
        {
            return Encoding.GetEncoding(name.Trim().Trim('"', '\''));
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static byte[] Sample(Stream content)
    {
        var whole = content.Length <= (long)Windows * WindowBytes;
        var sample = new byte[whole ? (int)content.Length : Windows * WindowBytes];
        if (whole)
        {
            content.Position = 0;
            content.ReadExactly(sample);
            return sample;
        }

        var used = 0;
        for (var window = 0; window < Windows; window++)
        {
            // Multiples of four keep UTF-16 and UTF-32 units whole; of UTF-8 the cut-off sequences are skipped.
            content.Position = ((content.Length - WindowBytes) / (Windows - 1) * window) & ~3L;
            var part = sample.AsSpan(used, WindowBytes);
            content.ReadExactly(part);
            used += WindowBytes;
            if (window == 0 && (FromMark(part) is not null || FromZeros(part) is not null))
                return part.ToArray();
            if (window > 0)
                BlankContinuations(part[..3]);
            BlankOpenEnd(part);
        }

        return sample;
    }

    private static void BlankContinuations(Span<byte> start)
    {
        for (var i = 0; i < start.Length && (start[i] & 0xC0) == 0x80; i++)
            start[i] = (byte)' ';
    }

    private static void BlankOpenEnd(Span<byte> part)
    {
        for (var i = part.Length - 1; i >= part.Length - 4; i--)
        {
            if (part[i] < 0x80)
                return;
            var leads = part[i] >= 0xC0;
            part[i] = (byte)' ';
            if (leads)
                return;
        }
    }

    private static DetectedEncoding? FromMark(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            return new DetectedEncoding(Encoding.UTF8, 3, LooksBinary: false);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE, 0, 0]))
            return new DetectedEncoding(Encoding.UTF32, 4, LooksBinary: false);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0, 0, 0xFE, 0xFF]))
            return new DetectedEncoding(new UTF32Encoding(true, true), 4, LooksBinary: false);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
            return new DetectedEncoding(Encoding.Unicode, 2, LooksBinary: false);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return new DetectedEncoding(Encoding.BigEndianUnicode, 2, LooksBinary: false);
        return null;
    }

    /// <summary>Western text in UTF-16 has a zero in nearly every second byte, in UTF-32 in three of four.</summary>
    private static Encoding? FromZeros(ReadOnlySpan<byte> bytes)
    {
        var looked = Math.Min(bytes.Length, 4096) & ~3;
        if (looked < 4)
            return null;
        Span<int> zeros = stackalloc int[4];
        for (var i = 0; i < looked; i++)
            zeros[i & 3] += bytes[i] == 0 ? 1 : 0;
        var quarter = looked / 4;
        bool Many(int count) => count >= quarter * 0.7;
        bool Few(int count) => count <= quarter * 0.05;
        if (Few(zeros[0]) && Many(zeros[1]) && Many(zeros[2]) && Many(zeros[3]))
            return Encoding.UTF32;
        if (Many(zeros[0]) && Many(zeros[1]) && Many(zeros[2]) && Few(zeros[3]))
            return new UTF32Encoding(true, true);
        if (Few(zeros[0]) && Many(zeros[1]) && Few(zeros[2]) && Many(zeros[3]))
            return Encoding.Unicode;
        return Many(zeros[0]) && Few(zeros[1]) && Many(zeros[2]) && Few(zeros[3]) ? Encoding.BigEndianUnicode : null;
    }

    private static bool LooksBinary(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Contains((byte)0))
            return true;
        var controls = 0;
        foreach (var value in bytes)
        {
            // Escape (0x1B) begins ISO-2022 shifts and terminal colours in logs; form feed separates pages.
            if (value < 0x20 && value is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f' or 0x1B))
                controls++;
        }

        return controls > bytes.Length * TolerableControls;
    }

    /// <summary>Counts wrong and right multi-byte sequences; a sequence cut off at the end is neither.</summary>
    private static int Utf8Errors(ReadOnlySpan<byte> bytes, out int multibyte)
    {
        multibyte = 0;
        if (Utf8.IsValid(bytes))
            return 0;
        var errors = 0;
        while (!bytes.IsEmpty)
        {
            var ascii = bytes.IndexOfAnyExceptInRange((byte)0, (byte)0x7F);
            if (ascii < 0)
                break;
            bytes = bytes[ascii..];
            var status = Rune.DecodeFromUtf8(bytes, out _, out var consumed);
            if (status == System.Buffers.OperationStatus.NeedMoreData)
                break;
            if (status == System.Buffers.OperationStatus.Done)
                multibyte++;
            else
                errors++;
            bytes = bytes[consumed..];
        }

        return errors;
    }

    private static Encoding? FromStatistics(ReadOnlySpan<byte> bytes)
    {
        var detected = CharsetDetector.DetectFromBytes(bytes.ToArray()).Detected;
        if (detected is null || detected.Confidence < 0.2f)
            return ShortEastAsian.Guess(bytes) ?? Encoding.GetEncoding(1252);
        var encoding = detected.Encoding ?? ByName(detected.EncodingName);
        // Windows-1252 is what "ASCII and something" nearly always is.
        return encoding is null || encoding is ASCIIEncoding ? Encoding.GetEncoding(1252) : encoding;
    }
}
