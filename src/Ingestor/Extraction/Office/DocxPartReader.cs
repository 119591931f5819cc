using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Xml;
using DocumentFormat.OpenXml.Packaging;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Paragraphs and table rows of one part of a Word document, one after another. Names are compared without their
/// namespace, because strict and transitional documents differ in nothing else here. For one thread.
/// </summary>
internal sealed class DocxPartReader(OpenXmlPart part, DocxStyles styles, ExtractionOptions options) : IDisposable
{
    private readonly XmlReader _xml = DocxBlocks.OpenPart(part, options);
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _row = new();
    private readonly Queue<TextBlock> _ready = new();
    private BlockKind _formerKind = BlockKind.Paragraph;
    private int _rowDepth;
    private int _outline;
    private string _style = "";
    private bool _isListItem;
    private bool _skipsNode;

    public void Dispose() => _xml.Dispose();

    public bool TryRead([NotNullWhen(true)] out TextBlock? block)
    {
        while (_ready.Count == 0 && Advance())
        {
            if (_xml.Depth > options.MaxDepth)
                throw ExtractionException.Limit(
                    $"The document nests elements more than {options.MaxDepth:N0} deep; flatten it.");
            if (_xml.NodeType == XmlNodeType.Element)
                Open();
            else if (_xml.NodeType == XmlNodeType.EndElement)
                Close();
            else if (_xml.NodeType == XmlNodeType.None)
                break;
        }

        return _ready.TryDequeue(out block);
    }

    /// <summary>The element's attribute of this name in any namespace.</summary>
    internal static string? Attribute(XmlReader xml, string name)
    {
        string? found = null;
        for (var more = xml.MoveToFirstAttribute(); more && found is null; more = xml.MoveToNextAttribute())
        {
            if (xml.LocalName == name)
                found = xml.Value;
        }

        xml.MoveToElement();
        return found;
    }

    internal static string? Value(XmlReader xml) => Attribute(xml, "val");

    private bool Advance()
    {
        if (!_skipsNode)
            return _xml.Read();
        _skipsNode = false;
        _xml.Skip();
        return _xml.ReadState == ReadState.Interactive;
    }

    private void Open()
    {
        switch (_xml.LocalName)
        {
            case "p":
                EndParagraph();
                break;
            case "pStyle":
                _style = Value(_xml) ?? "";
                break;
            case "outlineLvl":
                _outline = int.TryParse(Value(_xml), out var outline) && outline is >= 0 and < 9 ? outline + 1 : 0;
                break;
            case "numPr":
                _isListItem = true;
                break;
            case "t" when !_xml.IsEmptyElement:
                // Leaves the reader behind the element's end, which needs no handling of its own.
                ReadText();
                break;
            case "tab":
                // A tab in a run; those that set stops stand in "tabs".
                if (Attribute(_xml, "pos") is null)
                    _text.Append('\t');
                break;
            case "br" or "cr":
                _text.Append('\n');
                break;
            case "noBreakHyphen":
                _text.Append('-');
                break;
            case "tr":
                _rowDepth++;
                break;
            case "tc" when _row.Length > 0:
                EndParagraph();
                _row.Append(" | ");
                break;
            // Deleted text, field codes, and what is there a second time for older programs.
            case "del" or "moveFrom" or "instrText" or "delText" or "Fallback" when !_xml.IsEmptyElement:
                _skipsNode = true;
                break;
        }
    }

    private void ReadText()
    {
        var depth = _xml.Depth;
        while (_xml.Read() && _xml.Depth > depth)
        {
            if (_xml.NodeType is XmlNodeType.Text or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace
                or XmlNodeType.CDATA)
                _text.Append(_xml.Value);
        }
    }

    private void Close()
    {
        switch (_xml.LocalName)
        {
            case "p":
                EndParagraph();
                break;
            case "tr":
                EndParagraph();
                if (--_rowDepth == 0)
                    EndRow();
                break;
        }
    }

    private void EndParagraph()
    {
        var text = CleanText.Lines(_text.ToString()).Trim();
        _text.Clear();
        var level = _outline > 0 ? _outline : _style.Length > 0 ? styles.LevelOf(_style) : 0;
        var isListItem = _isListItem;
        _outline = 0;
        _style = "";
        _isListItem = false;
        if (text.Length == 0)
            return;
        if (_rowDepth > 0)
        {
            if (_row.Length > 0 && _row[^1] != ' ')
                _row.Append(' ');
            _row.Append(text.Replace('\n', ' '));
            return;
        }

        if (level > 0)
            Emit(BlockKind.Heading, text, level);
        else
            Emit(isListItem ? BlockKind.ListItem : BlockKind.Paragraph, isListItem ? "- " + text : text);
    }

    private void EndRow()
    {
        if (_row.ToString().AsSpan().IndexOfAnyExcept(" |") >= 0)
            Emit(BlockKind.Row, _row.ToString());
        _row.Clear();
    }

    private void Emit(BlockKind kind, string text, int level = 0)
    {
        var joins = kind == _formerKind && kind is BlockKind.ListItem or BlockKind.Row;
        foreach (var block in BlockSplitter.Split(kind, text, joins ? "\n" : "\n\n", level))
            _ready.Enqueue(block);
        _formerKind = kind;
    }
}
