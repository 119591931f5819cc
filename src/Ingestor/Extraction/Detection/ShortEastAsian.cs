using System.Text;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Knows East Asian text that is too short for statistics, such as a table of names, by which characters it would hold
/// in each encoding. Tried only where statistics give nothing.
/// </summary>
internal static class ShortEastAsian
{
    /// <summary>Western text has few bytes above ASCII, East Asian text mostly such.</summary>
    private const double LeastHighBytes = 0.3;

    /// <summary>Share of frequent characters that makes an encoding believable.</summary>
    private const double LeastFrequent = 0.6;

    private const double TolerableErrors = 0.1;

    public static Encoding? Guess(ReadOnlySpan<byte> bytes)
    {
        var high = 0;
        foreach (var value in bytes)
            high += value >= 0x80 ? 1 : 0;
        if (high < bytes.Length * LeastHighBytes)
            return null;
        // Shift-JIS: kana and punctuation lead with 81 to 83, the first level's kanji with 88 to 9F.
        if (FrequentShare(bytes, 932, static (lead, _) => lead is >= 0x81 and <= 0x83 or >= 0x88 and <= 0x9F) >= LeastFrequent)
            return Encoding.GetEncoding(932);
        // EUC-JP: kana lead with A4 and A5; Chinese text in GB 2312 has next to none of them.
        if (FrequentShare(bytes, 51932, static (lead, _) => lead is 0xA4 or 0xA5) >= LeastFrequent / 2)
            return Encoding.GetEncoding(51932);
        // GB 2312: the first level's characters lead with B0 to D7 and have both bytes above A0.
        if (FrequentShare(bytes, 936, static (lead, trail) => lead is >= 0xB0 and <= 0xD7 && trail > 0xA0) >= LeastFrequent)
            return Encoding.GetEncoding(936);
        return null;
    }

    /// <summary>Share of frequent ones among the two-byte characters; 0 where many are wrong in the encoding.</summary>
    private static double FrequentShare(ReadOnlySpan<byte> bytes, int codePage, Func<byte, byte, bool> isFrequent)
    {
        var text = Encoding.GetEncoding(codePage).GetString(bytes);
        var pairs = 0;
        var frequent = 0;
        for (var i = 0; i + 1 < bytes.Length; i++)
        {
            if (bytes[i] < 0x80)
                continue;
            // Half-width kana of Shift-JIS stand alone.
            if (codePage == 932 && bytes[i] is >= 0xA0 and <= 0xDF)
            {
                pairs++;
                continue;
            }

            pairs++;
            frequent += isFrequent(bytes[i], bytes[i + 1]) ? 1 : 0;
            i++;
        }

        // The framework's tables lack a few characters that vendors added, so a wrong sequence is no proof.
        return pairs == 0 || text.Count(c => c == '\uFFFD') > pairs * TolerableErrors ? 0 : (double)frequent / pairs;
    }
}
