using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>What a page of a search is made of: documents, snippets, neighbours, cursors.</summary>
internal static class PageRules
{
    public static void Check(SearchRequest search, Violations violations)
    {
        var most = search.Grouping?.ChunksPerDocument ?? 0;
        var documents = (search.K <= 0 ? Limits.DefaultK : search.K) + (long)Math.Max(0, search.Offset);
        if (most is < 0 or > Limits.ChunksPerDocument)
        {
            violations.Add(
                "grouping.chunks_per_document", $"{most} is not between 1 and {Limits.ChunksPerDocument}.");
        }
        else if (most > 1 && documents * most > Limits.K)
        {
            violations.Add("grouping.chunks_per_document",
                $"{documents} documents of {most} chunks are more than {Limits.K} hits: ask for fewer.");
        }

        if (search.Highlight is { } highlight)
            CheckHighlight(search, highlight, violations);
        if (search.Neighbours is < 0 or > Limits.Neighbours)
        {
            violations.Add("neighbours", $"{search.Neighbours} is not between 0 and {Limits.Neighbours}.");
        }
        else if (search.Neighbours > 0 && documents * Math.Max(1, most) * (1 + 2 * search.Neighbours) > Limits.K)
        {
            violations.Add("neighbours",
                $"The hits with {search.Neighbours} neighbours on each side may be more than {Limits.K} chunks: "
                + "ask for fewer.");
        }

        if (search.Paging || search.PageToken.Length > 0)
            CheckPaging(search, violations);
    }

    private static void CheckHighlight(SearchRequest search, Highlight highlight, Violations violations)
    {
        if (search.Text.Length == 0)
            violations.Add("highlight", "There are no words to mark: give a text, or leave it out.");
        if (highlight.Length != 0 && highlight.Length is < Limits.LeastSnippet or > Limits.Snippet)
        {
            violations.Add(
                "highlight.length", $"{highlight.Length} is not between {Limits.LeastSnippet} and {Limits.Snippet}.");
        }
    }

    private static void CheckPaging(SearchRequest search, Violations violations)
    {
        // One more than a page is looked for, to know whether there is another.
        if (search.K == Limits.K)
            violations.Add("k", $"A page has at most {Limits.K - 1} hits: ask for fewer.");
        if (search.Offset > 0)
            violations.Add("offset", "A page token says where to go on: leave the offset out.");
    }
}
