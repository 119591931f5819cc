using System.Buffers;
using System.Collections.Frozen;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Counts how deep the tags of a page nest before a parser builds a tree of it: the parser walks its stack of open
/// elements for many tags, so many tags under many open ones take hours. One pass, no allocation.
/// </summary>
internal static class HtmlDepthGuard
{
    private static readonly SearchValues<char> NameEnd = SearchValues.Create(" \t\r\n\f/>");

    /// <summary>Elements that hold nothing, or whose end tag is usually left out and implied by what follows.</summary>
    private static readonly FrozenSet<string> Uncounted = Set(
        "area base br col embed hr img input link meta param source track wbr p li td th tr tbody thead tfoot dd dt "
        + "option optgroup colgroup rt rp html head body");

    /// <summary>Elements whose content is no markup.</summary>
    private static readonly FrozenSet<string> RawText = Set("script style textarea title xmp noembed noframes");

    /// <summary>Elements that end SVG or MathML, where alone a trailing slash closes an element.</summary>
    private static readonly FrozenSet<string> BreakOut = Set(
        "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu "
        + "meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var");

    /// <summary>
    /// Sum of open elements over all tags that a parser walks in about a second. A page of 10 MB in 30 levels has a
    /// tenth of it.
    /// </summary>
    private const long MostSteps = 100_000_000;

    /// <summary>
    /// True where no more than <paramref name="deepest"/> elements are open at once, and not so many for too long.
    /// </summary>
    public static bool IsWithin(ReadOnlySpan<char> html, int deepest)
    {
        var depth = 0;
        var steps = 0L;
        var inForeign = false;
        Span<char> lower = stackalloc char[16];
        var uncounted = Uncounted.GetAlternateLookup<ReadOnlySpan<char>>();
        var rawText = RawText.GetAlternateLookup<ReadOnlySpan<char>>();
        var breakOut = BreakOut.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var at = html.IndexOf('<'); at >= 0 && at + 1 < html.Length; at = Next(html, at))
        {
            var rest = html[(at + 1)..];
            if (rest.StartsWith("!--"))
            {
                var commentEnd = rest[3..].IndexOf("-->");
                if (commentEnd < 0)
                    return true;
                at += 3 + commentEnd;
                continue;
            }

            var closes = rest[0] == '/';
            var name = rest[(closes ? 1 : 0)..];
            if (name.IsEmpty || !char.IsAsciiLetter(name[0]))
                continue;
            var nameLength = name.IndexOfAny(NameEnd);
            name = name[..Math.Min(nameLength < 0 ? name.Length : nameLength, lower.Length)];
            var known = lower[..name.ToLowerInvariant(lower)];
            if ((steps += depth) > MostSteps)
                return false;
            if (inForeign && breakOut.Contains(known))
                inForeign = false;
            if (uncounted.Contains(known))
                continue;
            if (closes)
            {
                depth = Math.Max(0, depth - 1);
                if (known is "svg" or "math")
                    inForeign = false;
                continue;
            }

            if (rawText.Contains(known))
            {
                at = EndOfRawText(html, at, known);
                continue;
            }

            if (known is "svg" or "math")
                inForeign = true;
            var tagEnd = rest.IndexOf('>');
            if (inForeign && tagEnd > 0 && rest[tagEnd - 1] == '/')
                continue;
            if (++depth > deepest)
                return false;
        }

        return true;
    }

    private static int Next(ReadOnlySpan<char> html, int at)
    {
        var next = html[(at + 1)..].IndexOf('<');
        return next < 0 ? -1 : at + 1 + next;
    }

    private static int EndOfRawText(ReadOnlySpan<char> html, int at, ReadOnlySpan<char> name)
    {
        var from = at + 1 + name.Length;
        while (true)
        {
            var close = html[from..].IndexOf("</");
            if (close < 0)
                return html.Length - 1;
            from += close + 2;
            if (html[from..].StartsWith(name, StringComparison.OrdinalIgnoreCase))
                return from;
        }
    }

    private static FrozenSet<string> Set(string names) => names.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
