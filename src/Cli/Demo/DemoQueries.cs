using Rag.Client;

namespace Rag.Cli.Demo;

/// <summary>What the demo searches for.</summary>
internal static class DemoQueries
{
    private const int Count = 3;
    private const int LookedAt = 200;

    /// <summary>Questions that this repository's own documents and sources answer.</summary>
    public static readonly IReadOnlyList<string> ForThisRepository =
    [
        "what happens when the disk is full and writes fail?",
        "which file formats can be taken in?",
        "how is a model pulled from a hub?",
    ];

    /// <summary>Titles of documents that are there, from all over the list: each should find its own document.</summary>
    public static async Task<IReadOnlyList<string>> FromTitlesAsync(
        DocumentsClient documents, CancellationToken cancellationToken)
    {
        var titles = new List<string>();
        await foreach (var document in documents.ListAsync(LookedAt, cancellationToken))
        {
            var title = document.Title.Length > 0 ? document.Title : Path.GetFileNameWithoutExtension(document.FileName);
            if (document.Chunks > 0 && title.Length > 0 && !titles.Contains(title))
                titles.Add(title);
            if (titles.Count == LookedAt)
                break;
        }

        var step = Math.Max(1, titles.Count / Count);
        return [.. titles.Where((_, i) => i % step == 0).Take(Count)];
    }
}
