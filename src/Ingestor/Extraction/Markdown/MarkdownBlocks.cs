using System.Text;
using Markdig;
using Markdig.Extensions.Footnotes;
using Markdig.Extensions.Tables;
using Markdig.Extensions.Yaml;
using Markdig.Syntax;

namespace Rag.Ingestor.Extraction;

/// <summary>Markdown as the text that its readers see: marks and link addresses gone, structure kept.</summary>
internal static class MarkdownBlocks
{
    /// <summary>Quotes and lists within each other; deeper text is read as one paragraph of what it says.</summary>
    private const int DeepestRead = 64;

    private static readonly MarkdownPipeline Pipeline = Common().Build();

    private static readonly MarkdownPipeline FirstPipeline = Common().UseYamlFrontMatter().Build();

    /// <summary>A file of any size, piece by piece.</summary>
    public static IEnumerable<TextBlock> Read(TextReader text, ExtractionOptions options, Action<string> setTitle)
    {
        var hasTitle = false;
        foreach (var piece in new MarkdownPieces(text).Read())
        {
            string? title = null;
            var blocks = piece.IsPlain ? null : TryRead(piece.Text, options, out title, piece.IsFirst);
            if (title is not null && !hasTitle)
            {
                hasTitle = true;
                setTitle(title);
            }

            foreach (var block in blocks ?? PlainTextBlocks.Read(new StringReader(piece.Text), markdownHeadings: true))
                yield return block with { Gap = -1 };
        }
    }

    /// <summary>
    /// A short text. Null where the parser gives up on the nesting; it is then to be read with less structure.
    /// </summary>
    public static IReadOnlyList<TextBlock>? TryRead(
        string markdown, ExtractionOptions options, out string? title, bool withFrontMatter = true)
    {
        title = null;
        MarkdownDocument document;
        try
        {
            document = Markdig.Markdown.Parse(markdown, withFrontMatter ? FirstPipeline : Pipeline);
        }
        catch (ArgumentException)
        {
            return null;
        }

        var writer = new Writer(options);
        writer.WriteAll(document, BlockKind.Paragraph, "", 0);
        title = writer.Title;
        return writer.Blocks;
    }

    private static MarkdownPipelineBuilder Common() => new MarkdownPipelineBuilder()
        .UsePipeTables()
        .UseGridTables()
        .UseFootnotes()
        .UseDefinitionLists()
        .UseTaskLists()
        .UseEmphasisExtras();

    private sealed class Writer(ExtractionOptions options)
    {
        public List<TextBlock> Blocks { get; } = [];

        public string? Title { get; private set; }

        public void WriteAll(ContainerBlock container, BlockKind kind, string mark, int depth)
        {
            if (depth > DeepestRead)
                return;
            foreach (var block in container)
            {
                Write(block, kind, mark, depth);
                // Only an item's first block carries its mark.
                mark = "";
            }
        }

        private void Write(Block block, BlockKind kind, string mark, int depth)
        {
            switch (block)
            {
                case HeadingBlock heading:
                    var text = MarkdownInlines.Text(heading.Inline);
                    if (heading.Level == 1)
                        Title ??= text.Length > 0 ? text : null;
                    Add(BlockKind.Heading, text, heading.Level);
                    break;
                case YamlFrontMatterBlock front:
                    WriteFrontMatter(front);
                    break;
                case CodeBlock code:
                    Add(BlockKind.Code, code.Lines.ToString());
                    break;
                case HtmlBlock html:
                    Blocks.AddRange(HtmlBlocks.Read(html.Lines.ToString(), options));
                    break;
                case Table table:
                    WriteTable(table);
                    break;
                case ListBlock list:
                    WriteList(list, depth);
                    break;
                case LinkReferenceDefinitionGroup:
                    break;
                case LeafBlock { Inline: not null } leaf:
                    Add(kind, mark + MarkdownInlines.Text(leaf.Inline));
                    break;
                case Footnote footnote:
                    WriteAll(footnote, BlockKind.Paragraph, "", depth + 1);
                    break;
                case ContainerBlock container:
                    WriteAll(container, kind, mark, depth + 1);
                    break;
            }
        }

        private void WriteList(ListBlock list, int depth)
        {
            var number = int.TryParse(list.OrderedStart, out var first) ? first : 1;
            foreach (var item in list.OfType<ListItemBlock>())
                WriteAll(item, BlockKind.ListItem, list.IsOrdered ? $"{number++}. " : "- ", depth + 1);
        }

        private void WriteTable(Table table)
        {
            foreach (var row in table.OfType<TableRow>())
            {
                var cells = row.OfType<TableCell>().Select(CellText);
                Add(BlockKind.Row, string.Join(" | ", cells));
            }
        }

        private static string CellText(TableCell cell) => string.Join(' ',
            cell.Descendants<LeafBlock>().Select(leaf => MarkdownInlines.Text(leaf.Inline)));

        private void WriteFrontMatter(YamlFrontMatterBlock front)
        {
            var lines = front.Lines.ToString();
            foreach (var line in lines.Split('\n'))
            {
                if (line.StartsWith("title:", StringComparison.OrdinalIgnoreCase))
                    Title ??= line["title:".Length..].Trim().Trim('"', '\'');
            }

            Add(BlockKind.Code, lines);
        }

        private void Add(BlockKind kind, string text, int level = 0)
        {
            var lines = CleanText.Lines(text);
            if (kind != BlockKind.Code)
                lines = lines.Trim();
            var joins = Blocks.Count > 0 && Blocks[^1].Kind == kind && kind is BlockKind.ListItem or BlockKind.Row;
            Blocks.AddRange(BlockSplitter.Split(kind, lines, joins ? "\n" : "\n\n", level));
        }
    }
}
