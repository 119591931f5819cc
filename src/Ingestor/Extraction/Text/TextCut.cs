using System.Globalization;

namespace Rag.Ingestor.Extraction;

/// <summary>Where an over-long text may be cut: at white space, else between user-perceived characters.</summary>
internal static class TextCut
{
    private const int LookBack = 512;

    /// <summary>A cluster longer than this is an attack, not a character, and is cut between code points.</summary>
    private const int LongestCluster = 256;

    /// <summary>
    /// Length of the first part of <paramref name="text"/>, from 1 to <paramref name="longest"/> (at least 2). The text
    /// may go on beyond its end, so a part never ends with the text's last character unless that is white space.
    /// </summary>
    public static int FirstPart(ReadOnlySpan<char> text, int longest)
    {
        if (text.Length <= longest)
            return text.Length;
        for (var i = longest; i > Math.Max(1, longest - LookBack); i--)
        {
            // A combining mark may follow white space and then belongs to it.
            if (char.IsWhiteSpace(text[i - 1]) && !IsExtending(text[i]))
                return i;
        }

        return LastBoundary(text[..longest]);
    }

    /// <summary>End of the last whole character cluster before the text's last one.</summary>
    private static int LastBoundary(ReadOnlySpan<char> text)
    {
        var boundary = 0;
        while (true)
        {
            var length = StringInfo.GetNextTextElementLength(text[boundary..]);
            if (boundary + length >= text.Length)
                break;
            boundary += length;
        }

        if (boundary > 0 && text.Length - boundary <= LongestCluster)
            return boundary;
        return char.IsHighSurrogate(text[^1]) ? text.Length - 1 : text.Length;
    }

    private static bool IsExtending(char c) => CharUnicodeInfo.GetUnicodeCategory(c)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.SpacingCombiningMark
        or UnicodeCategory.Format;
}
