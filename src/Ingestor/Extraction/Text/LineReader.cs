namespace Rag.Ingestor.Extraction;

/// <summary>
/// A line of decoded text, or a part of an over-long one.
/// </summary>
/// <param name="Text">The line without its end; control characters are spaces.</param>
/// <param name="Start">Offset in the text whose line ends are all one line feed.</param>
/// <param name="Continues">True where this goes on with the line of the former one.</param>
/// <param name="Page">Page from 1, counted by form feeds.</param>
internal readonly record struct Line(string Text, long Start, bool Continues, int Page)
{
    public bool IsBlank => string.IsNullOrWhiteSpace(Text);

    public int Indent => Text.Length - Text.AsSpan().TrimStart().Length;
}

/// <summary>
/// Lines of any length in bounded memory. Line ends may be LF, CR LF, CR, NEL or the Unicode separators. For one
/// thread.
/// </summary>
internal sealed class LineReader(TextReader reader, int longest = LineReader.LongestLine)
{
    public const int LongestLine = 8 * 1024;
    private const int BufferLength = 32 * 1024;

    private readonly char[] _buffer = new char[BufferLength];
    private int _start;
    private int _end;
    private long _offset;
    private bool _ended;
    private bool _continues;
    private int _page = 1;

    public bool TryRead(out Line line)
    {
        var scanned = 0;
        while (true)
        {
            var window = _buffer.AsSpan(_start, _end - _start);
            var lineEnd = window[scanned..].IndexOfAny("\n\r\f\u0085\u2028\u2029");
            if (lineEnd >= 0 && scanned + lineEnd <= longest)
            {
                lineEnd += scanned;
                // A carriage return at the buffer's edge may have its line feed behind it.
                if (window[lineEnd] != '\r' || lineEnd + 1 < window.Length || !Fill())
                {
                    line = Take(lineEnd, EndLength(lineEnd));
                    return true;
                }

                scanned = lineEnd;
                continue;
            }

            if (window.Length > longest)
            {
                line = Take(TextCut.FirstPart(window, longest), 0);
                return true;
            }

            scanned = window.Length;
            if (!Fill())
                break;
        }

        if (_start == _end)
        {
            line = default;
            return false;
        }

        line = Take(_end - _start, 0);
        return true;
    }

    private int EndLength(int lineEnd)
    {
        var window = _buffer.AsSpan(_start, _end - _start);
        return window[lineEnd] == '\r' && lineEnd + 1 < window.Length && window[lineEnd + 1] == '\n' ? 2 : 1;
    }

    private Line Take(int length, int endLength)
    {
        var endsPage = endLength > 0 && _buffer[_start + length] == '\f';
        var line = new Line(CleanText.OneLine(_buffer.AsSpan(_start, length)), _offset, _continues, _page);
        _start += length + endLength;
        _offset += length + (endLength > 0 ? 1 : 0);
        _continues = endLength == 0;
        _page += endsPage ? 1 : 0;
        return line;
    }

    /// <summary>Reads more behind what is there; false at the end of the text.</summary>
    private bool Fill()
    {
        if (_ended)
            return false;
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        var read = reader.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _ended = read == 0;
        return read > 0;
    }
}
