using System.Text.RegularExpressions;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Knows headings in text without markup by their looks: underlined, numbered, "Chapter 3", or a short line in
/// capitals. A wrong guess costs little (a chunk begins there), so the rules are few.
/// </summary>
internal static partial class PlainTextHeadings
{
    private const int LongestHeading = 100;

    /// <summary>Level of a paragraph from 1, or 0 for running text.</summary>
    public static int Level(string paragraph, int lines, bool markdown)
    {
        if (paragraph.Length > LongestHeading * 2)
            return 0;
        if (lines == 2)
            return UnderlinedLevel(paragraph);
        if (lines != 1 || paragraph.Length > LongestHeading)
            return 0;
        if (markdown)
            return MarkdownLevel(paragraph);
        var numbered = Numbered().Match(paragraph);
        if (numbered.Success)
            return 1 + numbered.Groups["number"].Value.TrimEnd('.').Count(c => c == '.');
        if (Named().IsMatch(paragraph))
            return 1;
        return IsCapitals(paragraph) ? 1 : 0;
    }

    /// <summary>1 to 6 for "# Title" to "###### Title", else 0.</summary>
    public static int MarkdownLevel(string line)
    {
        var level = line.AsSpan().IndexOfAnyExcept('#');
        return level is >= 1 and <= 6 && line[level] == ' ' ? level : 0;
    }

    private static int UnderlinedLevel(string paragraph)
    {
        var lineEnd = paragraph.IndexOf('\n');
        var underline = paragraph.AsSpan(lineEnd + 1).TrimEnd();
        if (underline.Length < 3 || underline.Length < lineEnd / 2 || underline.ContainsAnyExcept(underline[0]))
            return 0;
        return underline[0] switch { '=' or '*' or '#' => 1, '-' => 2, '~' or '^' or '"' => 3, _ => 0 };
    }

    private static bool IsCapitals(string line)
    {
        var letters = 0;
        foreach (var c in line)
        {
            if (char.IsLower(c))
                return false;
            letters += char.IsUpper(c) ? 1 : 0;
        }

        return letters >= 4 && letters * 2 > line.Length;
    }

    [GeneratedRegex(@"^(?<number>\d{1,3}(\.\d{1,3}){0,4}\.?)\s+\p{Lu}[^.!?;]*$", RegexOptions.CultureInvariant)]
    private static partial Regex Numbered();

    [GeneratedRegex(@"^(chapter|part|book|section|appendix|article|annex)\s+([\divxlcdm]+|[a-z]\b).{0,80}$",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Named();
}
