using System.Globalization;
using System.Text;

namespace Rag.Tokenization.Bert;

/// <summary>Finds added tokens in raw text: the leftmost, and of those that begin there the longest. Immutable.</summary>
internal sealed class AddedTokenFinder<TUnit, TSource>
    where TUnit : unmanaged, IEquatable<TUnit>
    where TSource : struct, ITextSource<TUnit>
{
    private readonly (TUnit[] Units, AddedToken Token)[] _tokens;
    private readonly TUnit[] _firstUnits;

    /// <summary>Prepares a set; <paramref name="unitsOf"/> encodes a content.</summary>
    public AddedTokenFinder(IEnumerable<AddedToken> tokens, Func<string, TUnit[]> unitsOf)
    {
        _tokens = [.. tokens.Select(token => (unitsOf(token.Content), token)).OrderByDescending(t => t.Item1.Length)];
        _firstUnits = [.. _tokens.Select(token => token.Units[0]).Distinct()];
    }

    /// <summary>Finds the next one at or after <paramref name="from"/>.</summary>
    /// <returns>The token, or null; the units it covers are <paramref name="start"/> to <paramref name="end"/>.</returns>
    public AddedToken? Next(ReadOnlySpan<TUnit> text, int from, out int start, out int end)
    {
        var position = _tokens.Length == 0 ? text.Length : from;
        while (position < text.Length)
        {
            var hop = text[position..].IndexOfAny(_firstUnits);
            if (hop < 0)
                break;
            position += hop;
            if (Match(text[position..]) is not var (units, token))
            {
                position++;
                continue;
            }

            start = position;
            end = position + units.Length;
            if (token.SingleWord && TouchesWord(text, start, end))
            {
                position = end;
                continue;
            }

            if (token.StripLeft)
                start = Math.Max(from, start - TrailingSpace(text[..start]));
            if (token.StripRight)
                end += LeadingSpace(text[end..]);
            return token;
        }

        start = end = text.Length;
        return null;
    }

    private static bool TouchesWord(ReadOnlySpan<TUnit> text, int start, int end)
    {
        if (end < text.Length)
        {
            TSource.Decode(text[end..], out var next);
            if (IsWordCharacter(next))
                return true;
        }

        return start > 0 && IsWordCharacter(LastOf(text[..start], out _));
    }

    /// <summary>Alphabetic, mark, decimal digit, connector or joiner: the word class of Unicode's expressions.</summary>
    private static bool IsWordCharacter(int codePoint)
    {
        var rune = new Rune(codePoint);
        return Rune.IsLetterOrDigit(rune)
            || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.EnclosingMark or UnicodeCategory.ConnectorPunctuation or UnicodeCategory.LetterNumber
            || codePoint is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149)
                or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);
    }

    private static int LeadingSpace(ReadOnlySpan<TUnit> text)
    {
        var length = 0;
        while (length < text.Length)
        {
            var used = TSource.Decode(text[length..], out var codePoint);
            if (!Rune.IsWhiteSpace(new Rune(codePoint)))
                break;
            length += used;
        }

        return length;
    }

    private static int TrailingSpace(ReadOnlySpan<TUnit> text)
    {
        var length = 0;
        while (length < text.Length && Rune.IsWhiteSpace(new Rune(LastOf(text[..^length], out var used))))
            length += used;
        return length;
    }

    /// <summary>The last character: the shortest suffix of at most four units that decodes as a whole.</summary>
    private static int LastOf(ReadOnlySpan<TUnit> text, out int used)
    {
        for (used = 1; used <= Math.Min(4, text.Length); used++)
        {
            if (TSource.Decode(text[^used..], out var codePoint) == used && codePoint != 0xFFFD)
                return codePoint;
        }

        used = 1;
        return 0xFFFD;
    }

    private (TUnit[] Units, AddedToken Token)? Match(ReadOnlySpan<TUnit> text)
    {
        foreach (var candidate in _tokens)
        {
            if (text.StartsWith(candidate.Units))
                return candidate;
        }

        return null;
    }
}
