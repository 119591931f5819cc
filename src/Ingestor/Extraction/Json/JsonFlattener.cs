using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Turns JSON tokens into blocks. A record (an element of the outermost array, or one of several values) begins a block
/// of its own; long strings are paragraphs, so that they are cut between sentences. For one thread.
/// </summary>
internal sealed class JsonFlattener(int deepest)
{
    private const int LongestBlock = 4 * 1024;
    private const int LongestLine = 400;
    private const int LongestJoined = 500;
    private const int LongestPath = 512;

    private readonly StringBuilder _path = new();
    private readonly Stack<(bool IsArray, int PathLength)> _open = new();
    private readonly StringBuilder _lines = new();
    private readonly Queue<TextBlock> _ready = new();
    private string _separator = "\n\n";
    private string? _lastPath;
    private int _lastLineLength;

    public bool IsBetweenValues => _open.Count == 0;

    public bool TryTake([NotNullWhen(true)] out TextBlock? block) => _ready.TryDequeue(out block);

    public void Finish() => Flush("\n\n");

    public void Add(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                if (_open.Count >= deepest)
                    throw ExtractionException.Limit($"The JSON nests values more than {deepest:N0} deep; flatten it.");
                if (IsRecordStart())
                    Flush("\n\n");
                _open.Push((reader.TokenType == JsonTokenType.StartArray, _path.Length));
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                _open.Pop();
                EndValue();
                break;
            case JsonTokenType.PropertyName:
                AppendName(CleanText.Collapsed(reader.GetString()));
                break;
            case JsonTokenType.String:
                AddScalar(CleanText.Lines(reader.GetString() ?? "").Trim());
                break;
            case JsonTokenType.Number:
                AddScalar(Encoding.ASCII.GetString(reader.ValueSpan));
                break;
            case JsonTokenType.True:
                AddScalar("true");
                break;
            case JsonTokenType.False:
                AddScalar("false");
                break;
            case JsonTokenType.Null:
                EndValue();
                break;
        }
    }

    private bool IsRecordStart() => _open.Count == 0 || (_open.Count == 1 && _open.Peek().IsArray);

    private void AppendName(string name)
    {
        if (_path.Length > LongestPath)
            return;
        if (_path.Length > 0)
            _path.Append('.');
        _path.Append(name.AsSpan(0, TextCut.FirstPart(name, LongestPath)));
    }

    /// <summary>After a value the path is that of what holds it.</summary>
    private void EndValue() => _path.Length = _open.TryPeek(out var parent) ? parent.PathLength : 0;

    private void AddScalar(string value)
    {
        if (value.Length == 0)
        {
            EndValue();
            return;
        }

        var path = _path.ToString();
        var inArray = _open.TryPeek(out var parent) && parent.IsArray;
        if (value.Length > LongestLine || value.Contains('\n'))
        {
            Flush("\n");
            Emit(BlockKind.Paragraph, path.Length > 0 ? $"{path}: {value}" : value);
        }
        else if (inArray && path == _lastPath && _lines.Length > 0 && _lastLineLength + value.Length < LongestJoined)
        {
            _lines.Append(", ").Append(value);
            _lastLineLength += value.Length + 2;
        }
        else
        {
            if (_lines.Length + path.Length + value.Length > LongestBlock)
                Flush("\n");
            if (_lines.Length > 0)
                _lines.Append('\n');
            if (path.Length > 0)
                _lines.Append(path).Append(": ");
            _lines.Append(value);
            _lastPath = path;
            _lastLineLength = path.Length + value.Length + 2;
        }

        EndValue();
    }

    private void Flush(string nextSeparator)
    {
        if (_lines.Length > 0)
            Emit(BlockKind.Row, _lines.ToString());
        _lines.Clear();
        _lastPath = null;
        if (nextSeparator.Length > _separator.Length)
            _separator = nextSeparator;
    }

    private void Emit(BlockKind kind, string text)
    {
        foreach (var block in BlockSplitter.Split(kind, text, _separator))
            _ready.Enqueue(block);
        _separator = "\n";
    }
}
