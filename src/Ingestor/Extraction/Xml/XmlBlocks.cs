using System.Text;
using System.Xml;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Text of XML of any vocabulary as a stream: the outermost element with text of its own becomes a block. Definitions
/// of documents are skipped and entities of theirs are errors, so nothing is expanded and no file is fetched.
/// </summary>
internal static class XmlBlocks
{
    private static readonly string[] ReadAttributes =
        ["title", "name", "label", "alt", "value", "summary", "description", "text"];

    public static IEnumerable<TextBlock> Read(Stream content, ExtractionOptions options) => GuardedBlocks.Read(
        ReadDocument(content, options), static thrown => thrown is XmlException, static broken =>
            ExtractionException.Corrupt(
                $"The XML is not well formed near line {((XmlException)broken).LineNumber:N0}; correct it and "
                + "send it again.", broken));

    private static IEnumerable<TextBlock> ReadDocument(Stream content, ExtractionOptions options)
    {
        content.Position = 0;
        using var xml = XmlReader.Create(content, new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Ignore,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
        });
        var blocks = new BlockBuilder();
        while (xml.Read())
        {
            if (xml.Depth > options.MaxDepth)
                throw ExtractionException.Limit(
                    $"The XML nests elements more than {options.MaxDepth:N0} deep; flatten it.");
            if (blocks.Add(xml) is not { } text)
                continue;
            foreach (var block in BlockSplitter.Split(text.Kind, text.Text, text.Separator, text.Level))
                yield return block;
        }
    }

    private sealed class BlockBuilder
    {
        private const int LongestText = 256 * 1024;

        private readonly StringBuilder _text = new();
        private readonly Stack<string> _names = new();
        private int _owner = -1;

        public (BlockKind Kind, string Text, string Separator, int Level)? Add(XmlReader xml)
        {
            switch (xml.NodeType)
            {
                case XmlNodeType.Element:
                    var isEmpty = xml.IsEmptyElement;
                    if (!isEmpty)
                        _names.Push(xml.LocalName);
                    if (_owner >= 0)
                    {
                        _text.Append(' ');
                        return null;
                    }

                    var attributes = Attributes(xml);
                    return attributes.Length > 0 ? (BlockKind.Row, attributes, "\n", 0) : null;
                case XmlNodeType.Text or XmlNodeType.CDATA:
                    if (_owner < 0 && !string.IsNullOrWhiteSpace(xml.Value))
                        _owner = _names.Count;
                    if (_owner >= 0)
                        _text.Append(xml.Value);
                    return _text.Length > LongestText ? Take(named: false) : null;
                case XmlNodeType.EndElement:
                    var ends = _owner == _names.Count;
                    var block = ends ? Take(named: true) : null;
                    _names.TryPop(out _);
                    if (ends)
                        _owner = -1;
                    else if (_owner >= 0)
                        _text.Append(' ');
                    return block;
                case XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace when _owner >= 0:
                    _text.Append(' ');
                    return null;
                default:
                    return null;
            }
        }

        private (BlockKind, string, string, int)? Take(bool named)
        {
            var text = CleanText.Collapsed(_text.ToString());
            _text.Clear();
            if (text.Length == 0)
                return null;
            var name = _names.TryPeek(out var owner) ? owner : "";
            if (name is "title" or "head" or "heading" or "headline" && text.Length <= 300)
                return (BlockKind.Heading, text, "\n\n", Math.Clamp(_names.Count - 1, 1, 6));
            var isValue = named && text.Length <= 200 && name.Length > 1
                && name is not ("para" or "text" or "body" or "div" or "span");
            return isValue ? (BlockKind.Row, $"{name}: {text}", "\n", 0) : (BlockKind.Paragraph, text, "\n\n", 0);
        }

        private static string Attributes(XmlReader xml)
        {
            if (!xml.HasAttributes)
                return "";
            var text = new StringBuilder();
            foreach (var name in ReadAttributes)
            {
                if (CleanText.Collapsed(xml.GetAttribute(name)) is { Length: > 0 } value)
                    text.Append(text.Length > 0 ? "; " : "").Append($"{xml.LocalName} {name}: {value}");
            }

            return text.ToString();
        }
    }
}
