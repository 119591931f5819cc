using System.Text;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Paragraphs of plain text in bounded memory: runs of lines between empty lines. Offsets are those of the decoded file
/// with every line end as one line feed.
/// </summary>
internal static class PlainTextBlocks
{
    private const int LongestBlock = 8 * 1024;

    public static IEnumerable<TextBlock> Read(TextReader text, bool markdownHeadings = false, bool pages = false)
    {
        var lines = new LineReader(text);
        var paragraph = new ParagraphBuilder(markdownHeadings, pages);
        while (lines.TryRead(out var line))
        {
            if (paragraph.EndsBefore(line) && paragraph.Take() is { } block)
                yield return block;
            paragraph.Add(line);
        }

        if (paragraph.Take() is { } last)
            yield return last;
    }

    private sealed class ParagraphBuilder(bool markdownHeadings, bool pages)
    {
        private readonly StringBuilder _text = new();
        private int _lines;
        private long _start;
        private int _page;
        private long _formerEnd;
        private bool _continues;
        private bool _blankBefore = true;

        public bool EndsBefore(Line line)
        {
            if (_lines == 0)
                return false;
            if (line.IsBlank && !line.Continues)
                return true;
            if (_text.Length + line.Text.Length + 1 > LongestBlock || (pages && line.Page != _page))
                return true;
            return markdownHeadings && !line.Continues
                && (PlainTextHeadings.MarkdownLevel(line.Text) > 0 || PlainTextHeadings.MarkdownLevel(FirstLine()) > 0);
        }

        public void Add(Line line)
        {
            if (_lines == 0)
            {
                if (line.IsBlank)
                {
                    _blankBefore |= !line.Continues;
                    return;
                }

                _start = line.Start + line.Indent;
                _page = line.Page;
                _continues = line.Continues;
                _text.Append(line.Text.AsSpan().TrimStart());
            }
            else
            {
                if (!line.Continues)
                    _text.Append('\n');
                _text.Append(line.Text);
            }

            _lines++;
        }

        public TextBlock? Take()
        {
            if (_lines == 0)
                return null;
            var text = _text.ToString().TrimEnd();
            var gap = _start - _formerEnd;
            var mayBeHeading = !_continues && (_blankBefore || markdownHeadings);
            var level = mayBeHeading ? PlainTextHeadings.Level(text, _lines, markdownHeadings) : 0;
            var block = new TextBlock(level > 0 ? BlockKind.Heading : BlockKind.Paragraph, text,
                Separator(gap), level, pages ? _page : 0) { Gap = gap };
            _formerEnd = _start + text.Length;
            _text.Clear();
            _lines = 0;
            _blankBefore = false;
            return block;
        }

        private string FirstLine() => _lines == 1 ? _text.ToString() : "";

        private string Separator(long gap)
        {
            if (gap == 0)
                return "";
            if (_blankBefore)
                return gap > 2 ? "\n\n\n" : "\n\n";
            return _continues ? " " : "\n";
        }
    }
}
