using System.Xml;
using DocumentFormat.OpenXml.Packaging;

namespace Rag.Ingestor.Extraction;

/// <summary>Which paragraph styles of a document are headings, and of which level.</summary>
internal sealed class DocxStyles
{
    private readonly Dictionary<string, int> _levels = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Level from 1 of a style, or 0 for running text.</summary>
    public int LevelOf(string styleId) => _levels.TryGetValue(styleId, out var level) ? level : LevelOfName(styleId);

    public static DocxStyles Read(StyleDefinitionsPart? part, ExtractionOptions options)
    {
        var styles = new DocxStyles();
        if (part is null)
            return styles;
        try
        {
            using var xml = DocxBlocks.OpenPart(part, options);
            styles.Read(xml);
        }
        catch (Exception broken) when (DocxBlocks.IsDamage(broken))
        {
            // Broken styles lose headings, not text.
        }

        return styles;
    }

    private void Read(XmlReader xml)
    {
        var id = "";
        while (xml.Read())
        {
            if (xml.NodeType != XmlNodeType.Element)
                continue;
            var value = DocxPartReader.Value(xml);
            switch (xml.LocalName)
            {
                case "style":
                    id = DocxPartReader.Attribute(xml, "styleId") ?? "";
                    break;
                case "name" when value is not null && LevelOfName(value) is > 0 and var level:
                    _levels[id] = level;
                    break;
                case "outlineLvl" when int.TryParse(value, out var outline) && outline is >= 0 and < 9:
                    _levels[id] = outline + 1;
                    break;
            }
        }
    }

    private static int LevelOfName(string name)
    {
        if (name.Equals("title", StringComparison.OrdinalIgnoreCase))
            return 1;
        var digits = name.AsSpan().TrimStart("Hheadings ".AsSpan());
        return name.StartsWith("heading", StringComparison.OrdinalIgnoreCase)
            && int.TryParse(digits, out var level) && level is >= 1 and <= 9 ? level : 0;
    }
}
