using System.Runtime.InteropServices;

namespace Rag.Engine.Sparse;

/// <summary>
/// Cuts the best window out of a text: the one with the most different terms of the query, then the most places, then
/// the first. It ends between words, and does not cut a surrogate pair. Not thread-safe.
/// </summary>
internal sealed class Highlighter(TextAnalyzer analyzer, SparseQuery query)
{
    private readonly MatchFinder _finder = new(analyzer, query);

    /// <param name="length">Most UTF-16 code units of the window, at least 1.</param>
    public TextSnippet Find(string text, int length)
    {
        var places = CollectionsMarshal.AsSpan(_finder.Find(text));
        var (first, last) = places.IsEmpty ? (0, 0) : Best(text, places, length);
        var (start, end) = Widen(text, first, Math.Min(last, first + length), length);
        var matches = new List<(int, int)>();
        foreach (var place in places)
        {
            var (from, to) = (Math.Max(place.Start, start), Math.Min(place.End, end));
            if (from >= to)
                continue;
            if (matches.Count > 0 && from < matches[^1].Item2)
                matches[^1] = (matches[^1].Item1, Math.Max(matches[^1].Item2, to));
            else
                matches.Add((from, to));
        }

        return new TextSnippet(start, end, matches);
    }

    // The places of the best window: from the start of one to the end of the furthest that still fits.
    private (int Start, int End) Best(string text, ReadOnlySpan<TermPlace> places, int length)
    {
        var wholes = new (int Start, int End)[places.Length];
        for (var i = 0; i < wholes.Length; i++)
            wholes[i] = WholeWord(text, places[i], length);
        var counts = new int[_finder.TermCount];
        var (best, bestFirst, bestNext) = ((Different: 0, All: 0), 0, 1);
        var different = 0;
        var next = 0;
        for (var first = 0; first < places.Length; first++)
        {
            for (; next < places.Length && wholes[next].End <= wholes[first].Start + length; next++)
            {
                if (counts[places[next].Term]++ == 0)
                    different++;
            }

            if (next <= first)
            {
                // One that is longer than the window is none of it.
                next = first + 1;
                continue;
            }

            var score = (different, next - first);
            if (score.CompareTo(best) > 0)
                (best, bestFirst, bestNext) = (score, first, next);
            if (--counts[places[first].Term] == 0)
                different--;
        }

        var end = 0;
        foreach (var whole in wholes.AsSpan(bestFirst, bestNext - bestFirst))
            end = Math.Max(end, whole.End);
        return (wholes[bestFirst].Start, end);
    }

    // A place with the rest of what it stands in between spaces, unless that is longer than the window.
    private static (int Start, int End) WholeWord(string text, TermPlace place, int length)
    {
        var (start, end) = (place.Start, place.End);
        while (start > 0 && end - start <= length && !char.IsWhiteSpace(text[start - 1]))
            start--;
        while (end < text.Length && end - start <= length && !char.IsWhiteSpace(text[end]))
            end++;
        return end - start <= length ? (start, end) : (place.Start, place.End);
    }

    // Shares what is left of the window among both sides, then draws its ends in to where words end.
    private static (int Start, int End) Widen(string text, int first, int last, int length)
    {
        if (text.Length <= length)
            return (0, text.Length);
        var start = Math.Clamp(first - (length - (last - first)) / 2, 0, text.Length - length);
        var end = start + length;
        var cut = start;
        while (cut > 0 && cut < first && !char.IsWhiteSpace(text[cut - 1]))
            cut++;
        start = cut;
        while (start < first && char.IsWhiteSpace(text[start]))
            start++;
        cut = end;
        while (cut > last && cut < text.Length && !char.IsWhiteSpace(text[cut]))
            cut--;
        // A text without spaces is cut anywhere.
        if (cut > start && (cut == text.Length || char.IsWhiteSpace(text[cut])))
            end = cut;
        if (start > 0 && char.IsLowSurrogate(text[start]) && char.IsHighSurrogate(text[start - 1]))
            start++;
        if (end < text.Length && char.IsLowSurrogate(text[end]) && char.IsHighSurrogate(text[end - 1]))
            end--;
        return (start, end);
    }
}
