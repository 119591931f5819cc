using System.Buffers;
using System.Globalization;

namespace Rag.Ingestor.Chunking;

/// <summary>
/// Cuts running text into sentences by punctuation: for chunks it matters more that a cut is never within a word than
/// that every abbreviation is known.
/// </summary>
internal static class SentenceSplitter
{
    private static readonly SearchValues<char> Ends = SearchValues.Create(".!?…。！？｡؟۔।");

    private static readonly string[] Abbreviations =
    [
        "mr", "mrs", "ms", "dr", "prof", "st", "vs", "e.g", "i.e", "cf", "al", "inc", "ltd", "co", "corp", "jr", "sr",
        "approx", "dept", "bzw", "ca", "z.b", "u.a", "d.h", "vgl",
    ];

    /// <summary>Words that are abbreviations only before a number: "No. 5", but "He said no. Then".</summary>
    private static readonly string[] BeforeNumbers =
        ["no", "nos", "nr", "fig", "figs", "vol", "p", "pp", "sec", "ch", "eq", "eqs", "ref", "refs", "art", "est"];

    /// <summary>
    /// Length of the first sentence of a text with the white space behind it; the whole length at its last.
    /// </summary>
    public static int First(ReadOnlySpan<char> text)
    {
        for (var at = text.IndexOfAny(Ends); at >= 0;)
        {
            var end = at + 1;
            while (end < text.Length && (Ends.Contains(text[end]) || IsClosing(text[end])))
                end++;
            var next = end;
            while (next < text.Length && char.IsWhiteSpace(text[next]))
                next++;
            if (next == text.Length)
                return text.Length;
            if (EndsSentence(text, at, end, next))
                return next;
            var further = text[end..].IndexOfAny(Ends);
            at = further < 0 ? -1 : end + further;
        }

        return text.Length;
    }

    private static bool EndsSentence(ReadOnlySpan<char> text, int at, int end, int next)
    {
        // East Asian full stops need no space behind them.
        if (text[at] is '。' or '！' or '？' or '｡')
            return !CharUnicodeInfo.GetUnicodeCategory(text[end]).Equals(UnicodeCategory.NonSpacingMark);
        if (next == end)
            return false;
        if (text[at] != '.')
            return true;
        if (char.IsLower(text[next]))
            return false;
        var word = text[..at];
        var wordStart = word.LastIndexOfAny(" \t\n(\"'“‘");
        word = word[(wordStart + 1)..];
        // "J. Smith"; "3. Third" is an item's number.
        if (word.Length == 1 && (char.IsLetter(word[0]) || char.IsAsciiDigit(word[0])))
            return false;
        foreach (var abbreviation in char.IsAsciiDigit(text[next]) ? BeforeNumbers : Abbreviations)
        {
            if (word.Equals(abbreviation, StringComparison.OrdinalIgnoreCase))
                return false;
        }

        return true;
    }

    private static bool IsClosing(char c) => c is '"' or '\'' or ')' or ']' or '}' or '”' or '’' or '»' or '」' or '』' or '）';
}
