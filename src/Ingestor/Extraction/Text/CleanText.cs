using System.Buffers;
using System.Text;

namespace Rag.Ingestor.Extraction;

/// <summary>Takes out of text what no reader sees and what later stages must not meet.</summary>
internal static class CleanText
{
    private static readonly SearchValues<char> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Where(c => c != '\t').Select(c => (char)c), '\x7F', '\uFEFF', '\uFFFE', '\uFFFF']);

    /// <summary>The same length with control characters as spaces and lone surrogates as U+FFFD.</summary>
    public static string OneLine(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAny(Controls) < 0 && text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return text.ToString();
        return string.Create(text.Length, text, static (cleaned, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                var c = source[i];
                cleaned[i] = Controls.Contains(c) ? ' ' : c;
                if (!char.IsSurrogate(c))
                    continue;
                if (char.IsHighSurrogate(c) && i + 1 < source.Length && char.IsLowSurrogate(source[i + 1]))
                    cleaned[i + 1] = source[++i];
                else
                    cleaned[i] = '\uFFFD';
            }
        });
    }

    /// <summary>Runs of white space as one space, ends trimmed: how markup shows its text.</summary>
    public static string Collapsed(ReadOnlySpan<char> text)
    {
        var collapsed = new StringBuilder(text.Length);
        AppendCollapsed(collapsed, OneLineOf(text));
        return collapsed.ToString().Trim(' ');
    }

    /// <summary>Appends with runs of white space as one space, one that the target ends with included.</summary>
    public static void AppendCollapsed(StringBuilder target, ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            // No-break spaces join words on paper; to a search they only divide them.
            if (!char.IsWhiteSpace(c) && c is not ('\u200B' or '\uFEFF'))
                target.Append(c < 0x20 || c == 0x7F ? ' ' : c);
            else if (target.Length > 0 && target[^1] is not (' ' or '\n') && c != '\uFEFF')
                target.Append(' ');
        }
    }

    /// <summary>
    /// Lines kept, their control characters and trailing white space gone, no empty lines at the ends.
    /// </summary>
    public static string Lines(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
            lines[i] = OneLine(lines[i]).TrimEnd();
        return string.Join('\n', lines).Trim('\n');
    }

    private static string OneLineOf(ReadOnlySpan<char> text)
    {
        Span<char> copy = text.Length <= 1024 ? stackalloc char[text.Length] : new char[text.Length];
        for (var i = 0; i < text.Length; i++)
            copy[i] = text[i] is '\n' or '\r' ? ' ' : text[i];
        return OneLine(copy);
    }
}
