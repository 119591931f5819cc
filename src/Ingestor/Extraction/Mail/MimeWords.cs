using System.Text;
using System.Text.RegularExpressions;

namespace Rag.Ingestor.Extraction;

/// <summary>Decodes the "=?charset?B?…?=" words of mail headers (RFC 2047).</summary>
internal static partial class MimeWords
{
    public static string Decode(string header)
    {
        if (!header.Contains("=?", StringComparison.Ordinal))
            return header.Trim();
        // White space between two encoded words belongs to neither.
        return Word().Replace(Between().Replace(header, "$1"), Decoded).Trim();
    }

    private static string Decoded(Match word)
    {
        if (EncodingDetector.ByName(word.Groups["charset"].Value.Split('*')[0]) is not { } encoding)
            return word.Value;
        var text = Encoding.Latin1.GetBytes(word.Groups["text"].Value);
        if (word.Groups["kind"].ValueSpan is "B" or "b")
            return encoding.GetString(MimeLines.FromBase64(text));
        for (var i = 0; i < text.Length; i++)
            text[i] = text[i] == '_' ? (byte)' ' : text[i];
        return encoding.GetString(MimeLines.FromQuotedPrintable(text));
    }

    [GeneratedRegex(@"=\?(?<charset>[^?\s]{1,40})\?(?<kind>[BbQq])\?(?<text>[^?\s]*)\?=", RegexOptions.CultureInvariant)]
    private static partial Regex Word();

    [GeneratedRegex(@"(\?=)\s+(?==\?)", RegexOptions.CultureInvariant)]
    private static partial Regex Between();
}
