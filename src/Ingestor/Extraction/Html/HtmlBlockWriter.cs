using System.Collections.Frozen;
using System.Text;
using AngleSharp.Dom;

namespace Rag.Ingestor.Extraction;

/// <summary>Collects the text of a page into blocks while the page is walked. For one thread and one page.</summary>
internal sealed class HtmlBlockWriter(HtmlBoilerplate content)
{
    private static readonly FrozenSet<string> BlockElements = (
        "address article aside blockquote body center dd details dir div dl dt fieldset figcaption figure footer form frameset "
        + "h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup p pre search section summary table "
        + "tbody tfoot thead tr ul caption title").Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private readonly List<TextBlock> _blocks = [];
    private readonly StringBuilder _text = new();
    private readonly Stack<IElement> _dataRows = new();
    private readonly HashSet<IElement> _layoutTables = [];
    private BlockKind _kind = BlockKind.Paragraph;
    private BlockKind _formerKind = BlockKind.Paragraph;
    private int _level;
    private int _openPre;
    private bool _cellOpen;

    public IReadOnlyList<TextBlock> Finish()
    {
        Flush();
        return _blocks;
    }

    public bool Enter(INode node)
    {
        switch (node)
        {
            case IText text:
                Append(text.Data);
                return false;
            case IElement element when content.IsLeftOut(element):
                return false;
            case IElement element:
                Open(element);
                return true;
            default:
                return ReferenceEquals(node, content.Root);
        }
    }

    public void Leave(INode node)
    {
        if (node is not IElement element)
            return;
        if (element.LocalName == "pre")
        {
            Flush();
            _openPre--;
            return;
        }

        if (_dataRows.TryPeek(out var row) && !ReferenceEquals(row, element))
        {
            // Inside a row of data everything is one line.
            if (BlockElements.Contains(element.LocalName))
                Append(" ");
            return;
        }

        if (ReferenceEquals(row, element))
            _dataRows.Pop();
        if (BlockElements.Contains(element.LocalName) || element.LocalName is "td" or "th")
            Flush();
    }

    private void Open(IElement element)
    {
        var name = element.LocalName;
        if (name == "br")
        {
            _text.Append(_kind == BlockKind.Row ? ' ' : '\n');
            return;
        }

        if (name == "img" && element.GetAttribute("alt") is { Length: > 0 } alternative)
        {
            Append(" " + alternative + " ");
            return;
        }

        if (_dataRows.Count > 0)
        {
            if (name is "td" or "th")
            {
                if (_cellOpen)
                    _text.Append(" | ");
                _cellOpen = true;
            }
            else if (BlockElements.Contains(name))
            {
                Append(" ");
            }

            return;
        }

        if (name == "table" && IsLayout(element))
            _layoutTables.Add(element);
        if (name is "td" or "th")
        {
            Flush();
            return;
        }

        if (!BlockElements.Contains(name))
            return;
        Flush();
        Begin(element, name);
    }

    private void Begin(IElement element, string name)
    {
        switch (name)
        {
            case ['h', >= '1' and <= '6' and var digit]:
                _kind = BlockKind.Heading;
                _level = digit - '0';
                break;
            case "li":
                _kind = BlockKind.ListItem;
                break;
            case "pre":
                _kind = BlockKind.Code;
                _openPre++;
                break;
            case "tr" when !IsInLayoutTable(element):
                _kind = BlockKind.Row;
                _dataRows.Push(element);
                _cellOpen = false;
                break;
            case "p" or "div" when _kind == BlockKind.ListItem:
                // "<li><p>" is still the item.
                break;
            default:
                _kind = BlockKind.Paragraph;
                break;
        }
    }

    private bool IsInLayoutTable(IElement row)
    {
        for (var parent = row.ParentElement; parent is not null; parent = parent.ParentElement)
        {
            if (parent.LocalName == "table")
                return _layoutTables.Contains(parent);
        }

        return true;
    }

    /// <summary>A table that holds tables, headings or long prose lays out a page; its rows are not records.</summary>
    private static bool IsLayout(IElement table)
    {
        const int longestCell = 1_500;
        var isLayout = table.GetAttribute("role") is "presentation" or "none";
        var cellLength = 0;
        HtmlTree.Walk(table, Enter, static _ => { });
        return isLayout;

        bool Enter(INode node)
        {
            if (isLayout)
                return false;
            if (node is IText text)
            {
                cellLength += text.Data.AsSpan().Trim().Length;
                isLayout |= cellLength > longestCell;
                return false;
            }

            if (node is not IElement element)
                return false;
            if (element.LocalName is "td" or "th")
                cellLength = 0;
            isLayout |= !ReferenceEquals(element, table)
                && element.LocalName is "table" or "h1" or "h2" or "h3" or "h4" or "h5" or "h6" or "pre";
            return !isLayout;
        }
    }

    private void Append(string text)
    {
        if (_openPre > 0)
            _text.Append(text);
        else
            CleanText.AppendCollapsed(_text, text);
    }

    private void Flush()
    {
        var text = _openPre > 0 ? CleanText.Lines(_text.ToString()) : Trimmed();
        _text.Clear();
        var kind = _kind;
        if (text.Length == 0)
            return;
        if (kind == BlockKind.ListItem)
            text = "- " + text;
        var joins = kind == _formerKind && kind is BlockKind.ListItem or BlockKind.Row;
        if (kind == BlockKind.Row)
            text = FilledCells(text);
        if (text.Length == 0)
            return;
        _blocks.AddRange(BlockSplitter.Split(kind, text, joins ? "\n" : "\n\n", kind == BlockKind.Heading ? _level : 0));
        _formerKind = kind;
        _kind = BlockKind.Paragraph;
    }

    private static string FilledCells(string row) => string.Join(
        " | ", $" {row} ".Split(" | ", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    private string Trimmed()
    {
        _text.Replace(" \n", "\n");
        return CleanText.Lines(_text.ToString()).Trim();
    }
}
