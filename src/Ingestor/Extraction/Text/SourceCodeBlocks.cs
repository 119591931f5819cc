using System.Text;
using System.Text.RegularExpressions;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Source code as runs of lines between empty lines, cut before each declaration too, so that a function and the
/// comment above it stay together. Lines and indents are kept; offsets are those of the decoded file.
/// </summary>
internal static partial class SourceCodeBlocks
{
    private const int LongestBlock = 8 * 1024;
    private const int DeepestDeclaration = 8;

    public static IEnumerable<TextBlock> Read(TextReader text)
    {
        var lines = new LineReader(text);
        var block = new CodeBuilder();
        while (lines.TryRead(out var line))
        {
            if (line.IsBlank && !line.Continues)
            {
                if (block.Take() is { } ended)
                    yield return ended;
                continue;
            }

            if (block.IsFull(line) && block.Take() is { } full)
                yield return full;
            block.Add(line);
        }

        if (block.Take() is { } last)
            yield return last;
    }

    private sealed class CodeBuilder
    {
        private readonly StringBuilder _text = new();
        private long _start;
        private long _formerEnd;
        private bool _continues;
        private int _declarationIndent = -1;

        public bool IsFull(Line line) => _text.Length > 0 && _text.Length + line.Text.Length + 1 > LongestBlock;

        public void Add(Line line)
        {
            if (_text.Length == 0)
            {
                _start = line.Start;
                _continues = line.Continues;
                _declarationIndent = -1;
            }
            else if (!line.Continues)
            {
                _text.Append('\n');
            }

            if (_declarationIndent < 0 && line.Indent <= DeepestDeclaration && Declaration().IsMatch(line.Text))
                _declarationIndent = line.Indent;
            _text.Append(line.Text);
        }

        public TextBlock? Take()
        {
            var text = _text.ToString().TrimEnd();
            _text.Clear();
            if (text.Length == 0)
                return null;
            var gap = _start - _formerEnd;
            _formerEnd = _start + text.Length;
            var separator = gap switch { 0 => "", 1 => _continues ? " " : "\n", 2 => "\n\n", _ => "\n\n\n" };
            return _declarationIndent < 0
                ? new TextBlock(BlockKind.Code, text, separator) { Gap = gap }
                : new TextBlock(BlockKind.Declaration, text, separator, _declarationIndent == 0 ? 1 : 2) { Gap = gap };
        }
    }

    /// <summary>
    /// The first line of a type or function in the languages with a keyword for it. C's functions have none; their
    /// blocks are cut at empty lines alone.
    /// </summary>
    [GeneratedRegex(
        @"^\s*(@\w+\s+)*((export|default|declare|public|private|protected|internal|static|abstract|sealed|async|final|"
        + @"unsafe|virtual|override|inline|extern|readonly|open|data|case|partial|pub(\([^)]*\))?)\s+)*"
        + @"(class|struct|interface|enum|record|trait|impl|fn|func|fun|def|defp|defmodule|function|module|namespace|"
        + @"object|protocol|extension|union|contract|message|service|"
        + @"CREATE\s+(OR\s+REPLACE\s+)?(TABLE|VIEW|FUNCTION|PROCEDURE|INDEX))\b"
        + @"|^\s*type\s+\w+\s+(struct|interface|=)",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Declaration();

    /// <summary>
    /// The line of a declaration that names it, for a heading path: at most 120 characters, no brace.
    /// </summary>
    public static string NameOf(string block)
    {
        foreach (var line in block.Split('\n', 64))
        {
            if (Declaration().IsMatch(line))
            {
                var name = line.AsSpan().Trim().TrimEnd("{:").TrimEnd();
                return name.Length <= 120 ? name.ToString() : name[..TextCut.FirstPart(name, 120)].TrimEnd().ToString();
            }
        }

        return "";
    }
}
