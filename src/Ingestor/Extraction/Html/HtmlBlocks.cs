using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;

namespace Rag.Ingestor.Extraction;

/// <summary>Headings, paragraphs, list items, table rows and preformatted text of a page's main content.</summary>
internal static class HtmlBlocks
{
    /// <summary>
    /// A parser is quadratic in open elements, so the page is refused at this multiple of the depth limit.
    /// </summary>
    private const int OpenTagsPerDepth = 5;

    public static IEnumerable<TextBlock> Read(string html, ExtractionOptions options, out string? title)
    {
        var document = Parse(html, options);
        title = CleanText.Collapsed(document.Title) is { Length: > 0 } found ? found : null;
        var content = HtmlBoilerplate.Of(document);
        var writer = new HtmlBlockWriter(content);
        HtmlTree.Walk(content.Root, writer.Enter, writer.Leave);
        return writer.Finish();
    }

    /// <summary>
    /// Blocks of a fragment, as they stand in Markdown and mail: nothing is left out for being furniture.
    /// </summary>
    public static IEnumerable<TextBlock> Read(string html, ExtractionOptions options) => Read(html, options, out _);

    private static IDocument Parse(string html, ExtractionOptions options)
    {
        if (!HtmlDepthGuard.IsWithin(html, options.MaxDepth * OpenTagsPerDepth))
            throw ExtractionException.Limit(
                "The page nests its elements too deep, or leaves too many open; flatten it.");
        return new HtmlParser().ParseDocument(html);
    }
}
