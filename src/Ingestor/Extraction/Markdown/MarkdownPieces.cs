using System.Text;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// A part of a Markdown file that is parsed by itself.
/// </summary>
/// <param name="Text">Its lines.</param>
/// <param name="IsFirst">True for the file's beginning, where front matter stands.</param>
/// <param name="IsPlain">True where it is too long a run of lines to be parsed.</param>
internal readonly record struct MarkdownPiece(string Text, bool IsFirst, bool IsPlain);

/// <summary>
/// Cuts Markdown between blocks, so that a file of any size is parsed in bounded memory. A parser takes quadratic time
/// for some paragraphs, so one that is longer than any real one is not given to it. For one thread.
/// </summary>
internal sealed class MarkdownPieces(TextReader text)
{
    private const int GoodLength = 128 * 1024;
    private const int LongestPiece = 1024 * 1024;

    /// <summary>Lines without an empty one among them: a paragraph, or a large table.</summary>
    private const int LongestRun = 64 * 1024;

    private readonly LineReader _lines = new(text);
    private readonly StringBuilder _piece = new();
    private bool _isFirst = true;
    private bool _isPlain;
    private bool _inFence;
    private bool _afterEmptyLine = true;
    private int _runStart;

    public IEnumerable<MarkdownPiece> Read()
    {
        while (_lines.TryRead(out var line))
        {
            if (EndsBefore(line))
                yield return Take(_piece.Length);
            if (_piece.Length - _runStart > LongestRun && !_isPlain && !_inFence)
            {
                if (_runStart > 0)
                    yield return Take(_runStart);
                _isPlain = true;
            }

            Add(line);
        }

        if (_piece.Length > 0)
            yield return Take(_piece.Length);
    }

    private bool EndsBefore(Line line)
    {
        if (_piece.Length == 0 || line.Continues)
            return _piece.Length >= LongestPiece;
        if (_piece.Length >= LongestPiece || (_isPlain && line.IsBlank))
            return true;
        // Indented lines may belong to a list above.
        return _piece.Length >= GoodLength && !_inFence && _afterEmptyLine && !line.IsBlank && line.Indent == 0
            && line.Text[0] is not ('-' or '*' or '+' or '>' or '|') && !char.IsAsciiDigit(line.Text[0]);
    }

    private void Add(Line line)
    {
        if (!line.Continues)
        {
            if (_piece.Length > 0)
                _piece.Append('\n');
            var trimmed = line.Text.AsSpan().TrimStart();
            if (trimmed.StartsWith("```") || trimmed.StartsWith("~~~"))
                _inFence = !_inFence;
            _afterEmptyLine = line.IsBlank;
        }

        _piece.Append(line.Text);
        if (_afterEmptyLine || _inFence)
            _runStart = _piece.Length;
    }

    private MarkdownPiece Take(int length)
    {
        var piece = new MarkdownPiece(_piece.ToString(0, length), _isFirst, _isPlain);
        _piece.Remove(0, length);
        _runStart = Math.Max(0, _runStart - length);
        _isFirst = false;
        _isPlain = false;
        return piece;
    }
}
