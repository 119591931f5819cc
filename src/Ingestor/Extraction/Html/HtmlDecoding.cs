using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace Rag.Ingestor.Extraction;

/// <summary>The characters of a page: byte order mark, then UTF-8 where it fits, then what the page declares.</summary>
internal static partial class HtmlDecoding
{
    private const int DeclarationWithinBytes = 4096;

    public static string Decode(byte[] bytes)
    {
        var detected = EncodingDetector.FromHead(bytes);
        if (detected.MarkBytes > 0 || detected.Encoding is UnicodeEncoding or UTF32Encoding || Utf8.IsValid(bytes))
            return detected.Decode(bytes);
        var start = Encoding.Latin1.GetString(bytes, 0, Math.Min(bytes.Length, DeclarationWithinBytes));
        var declared = Declaration().Match(start) is { Success: true } match
            ? EncodingDetector.ByName(match.Groups["name"].Value)
            : null;
        if (declared is null or UnicodeEncoding or UTF32Encoding)
            return detected.Decode(bytes);
        // Browsers read Latin-1 as Windows-1252, and pages rely on it.
        return (declared.CodePage == Encoding.Latin1.CodePage ? Encoding.GetEncoding(1252) : declared).GetString(bytes);
    }

    [GeneratedRegex("""<meta[^>]{1,500}charset\s*=\s*["']?(?<name>[\w:.-]{1,40})""",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Declaration();
}
