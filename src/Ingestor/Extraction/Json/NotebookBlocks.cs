using System.Text.Json;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Cells of a Jupyter notebook: Markdown cells as Markdown, code as code, and the text that code printed.
/// </summary>
internal static class NotebookBlocks
{
    private const int LongestOutput = 8 * 1024;

    public static IEnumerable<TextBlock> Read(Stream utf8, ExtractionOptions options)
    {
        using var notebook = Parse(utf8);
        if (notebook.RootElement.ValueKind != JsonValueKind.Object
            || !notebook.RootElement.TryGetProperty("cells", out var cells) || cells.ValueKind != JsonValueKind.Array)
            throw ExtractionException.Corrupt("The file is no Jupyter notebook of version 4: it has no list of cells.");
        foreach (var cell in cells.EnumerateArray())
        {
            foreach (var block in ReadCell(cell, options))
                yield return block;
        }
    }

    private static JsonDocument Parse(Stream utf8)
    {
        try
        {
            return JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = 256 });
        }
        catch (JsonException broken)
        {
            throw ExtractionException.Corrupt("The notebook is damaged or cut off; send it again.", broken);
        }
    }

    private static IEnumerable<TextBlock> ReadCell(JsonElement cell, ExtractionOptions options)
    {
        if (cell.ValueKind != JsonValueKind.Object)
            return [];
        var source = Text(cell, "source");
        var type = cell.TryGetProperty("cell_type", out var named) && named.ValueKind == JsonValueKind.String
            ? named.GetString()
            : "";
        if (type == "markdown" && MarkdownBlocks.TryRead(source, options, out _) is { } blocks)
            return blocks;
        var code = BlockSplitter.Split(type == "code" ? BlockKind.Code : BlockKind.Paragraph, CleanText.Lines(source), "\n\n");
        return code.Concat(ReadOutputs(cell));
    }

    private static IEnumerable<TextBlock> ReadOutputs(JsonElement cell)
    {
        if (!cell.TryGetProperty("outputs", out var outputs) || outputs.ValueKind != JsonValueKind.Array)
            yield break;
        foreach (var output in outputs.EnumerateArray())
        {
            if (output.ValueKind != JsonValueKind.Object)
                continue;
            var text = Text(output, "text");
            if (text.Length == 0 && output.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Object)
                text = Text(data, "text/plain");
            // Logs and tables that a cell printed can be endless; their beginning says what they are.
            text = CleanText.Lines(text[..TextCut.FirstPart(text, LongestOutput)]);
            foreach (var block in BlockSplitter.Split(BlockKind.Code, text, "\n\n"))
                yield return block;
        }
    }

    /// <summary>A notebook's text is one string or a list of lines.</summary>
    private static string Text(JsonElement owner, string name)
    {
        if (!owner.TryGetProperty(name, out var value))
            return "";
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString() ?? "",
            JsonValueKind.Array => string.Concat(value.EnumerateArray()
                .Where(line => line.ValueKind == JsonValueKind.String).Select(line => line.GetString())),
            _ => "",
        };
    }
}
