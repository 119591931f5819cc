using Rag.Ingestor.Extraction;

namespace Rag.Ingestor.Chunking;

/// <summary>
/// Cuts a block into units of at most so many tokens: sentences or lines, and what is too long between words.
/// </summary>
internal sealed class UnitSplitter(ChunkingOptions options, ITokenCounter counter)
{
    /// <summary>Characters of a unit; far above the sentence of usual length, far below a chunk.</summary>
    private const int LongestUnit = 2_000;

    /// <summary>
    /// Characters of a word up to which it is whole. Longer ones are text without spaces (Chinese, Thai, base64), which
    /// is measured in such steps.
    /// </summary>
    private const int LongestWord = 48;

    public List<Unit> Split(TextBlock block)
    {
        var units = new List<Unit>();
        var byLine = block.Kind is BlockKind.Code or BlockKind.Declaration or BlockKind.Row or BlockKind.Heading;
        for (var at = 0; at < block.Text.Length;)
        {
            var rest = block.Text.AsSpan(at);
            var length = byLine ? FirstLine(rest) : SentenceSplitter.First(rest);
            Add(units, block, at, length);
            at += length;
        }

        return units;
    }

    private static int FirstLine(ReadOnlySpan<char> text)
    {
        var end = text.IndexOf('\n');
        return end < 0 ? text.Length : end + 1;
    }

    private void Add(List<Unit> units, TextBlock block, int from, int length)
    {
        var text = block.Text.AsSpan(from, length);
        var isBlockStart = units.Count == 0;
        // A line's indent carries meaning in code, all the more at the block's start.
        var leading = block.Kind is BlockKind.Code or BlockKind.Declaration ? 0 : length - text.TrimStart().Length;
        text = text.Trim();
        if (block.Kind is BlockKind.Code or BlockKind.Declaration)
            text = block.Text.AsSpan(from, length).TrimEnd();
        if (text.IsEmpty)
            return;
        from += leading;
        var separator = isBlockStart ? block.Separator : Between(block.Text, units[^1], from);
        var tokens = text.Length <= LongestUnit ? counter.Count(text) : int.MaxValue;
        if (tokens <= options.TargetTokens)
        {
            units.Add(Make(block, from, text.Length, separator, tokens));
            return;
        }

        AddParts(units, block, from, text.Length, separator);
    }

    /// <summary>
    /// What is between a unit and the next in their block: the white space itself, or nothing within a word.
    /// </summary>
    private static string Between(string block, Unit former, int from)
    {
        var start = former.From + former.Length;
        return (from - start) switch
        {
            0 => "",
            1 when block[start] == ' ' => " ",
            1 when block[start] == '\n' => "\n",
            _ => block[start..from],
        };
    }

    private void AddParts(List<Unit> units, TextBlock block, int from, int length, string separator)
    {
        var partStart = from;
        var partEnd = from;
        var partTokens = 0;
        for (var at = from; at < from + length;)
        {
            var rest = block.Text.AsSpan(at, from + length - at);
            var step = NextWord(rest);
            var tokens = counter.Count(rest[..step]);
            if (partEnd > partStart && (partTokens + tokens > options.TargetTokens || at + step - partStart > LongestUnit))
            {
                AddPart(units, block, partStart, partEnd, separator);
                partStart = at;
                partTokens = 0;
                separator = "";
            }

            at += step;
            partEnd = at;
            partTokens += tokens;
        }

        AddPart(units, block, partStart, partEnd, separator);
    }

    /// <summary>A word with the white space around it, or a step into a text without spaces.</summary>
    private static int NextWord(ReadOnlySpan<char> text)
    {
        var start = text.Length - text.TrimStart().Length;
        var end = start;
        while (end < text.Length && end < LongestUnit / 2 && !char.IsWhiteSpace(text[end]))
            end++;
        if (end - start <= LongestWord && end > 0)
            return Math.Min(end, Math.Max(1, LongestUnit / 2));
        return start > LongestWord ? LongestWord : TextCut.FirstPart(text, start + LongestWord);
    }

    private void AddPart(List<Unit> units, TextBlock block, int start, int end, string separator)
    {
        var text = block.Text.AsSpan(start, end - start);
        var isCode = block.Kind is BlockKind.Code or BlockKind.Declaration;
        var leading = isCode ? 0 : text.Length - text.TrimStart().Length;
        var length = text.TrimEnd().Length - leading;
        if (length <= 0)
            return;
        if (units.Count > 0 && separator.Length == 0)
            separator = Between(block.Text, units[^1], start + leading);
        units.Add(Make(block, start + leading, length, separator, counter.Count(block.Text.AsSpan(start + leading, length))));
    }

    private static Unit Make(TextBlock block, int from, int length, string separator, int tokens) => new(
        block.Text, from, length, separator, block.Start + from, tokens, block.Kind == BlockKind.Heading, block.Page);
}
