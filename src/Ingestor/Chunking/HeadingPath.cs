using Rag.Ingestor.Extraction;

namespace Rag.Ingestor.Chunking;

/// <summary>The headings over the text that is being read. For one document and one thread.</summary>
internal sealed class HeadingPath
{
    private const int LongestHeading = 200;
    private const int MostHeadings = 10;

    private readonly List<(int Level, string Text)> _open = [];

    /// <summary>From the outermost to the innermost; replaced, never changed, at the next heading.</summary>
    public IReadOnlyList<string> Current { get; private set; } = [];

    /// <summary>Closes what is as deep as this heading or deeper, and opens it.</summary>
    public void Enter(int level, string text)
    {
        while (_open.Count > 0 && _open[^1].Level >= level)
            _open.RemoveAt(_open.Count - 1);
        text = text.Trim().Replace('\n', ' ');
        if (text.Length > LongestHeading)
            text = text[..TextCut.FirstPart(text, LongestHeading)].TrimEnd();
        if (text.Length > 0 && _open.Count < MostHeadings)
            _open.Add((level, text));
        Current = [.. _open.Select(heading => heading.Text)];
    }
}
