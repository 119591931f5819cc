using System.Globalization;
using System.Text.Json;
using Rag.Client;
using Rag.V1;
using Spectre.Console;

namespace Rag.Cli.Output;

/// <summary>Prints hits, for people or for programs.</summary>
internal static class SearchResults
{
    private const int SnippetCharacters = 240;

    /// <summary>One object a hit: document, chunk, score, text; the scores of a mix, and metadata where wanted.</summary>
    public static void WriteJson(TextWriter output, SearchResponse response, bool withMetadata)
    {
        foreach (var hit in response.Hits)
            JsonLines.Write(output, json => WriteHit(json, hit, withMetadata));
        foreach (var facet in response.Facets)
            JsonLines.Write(output, json => FacetText.WriteJson(json, facet));
        if (response.NextPageToken.Length > 0 || response.PageWindow > 0)
            JsonLines.Write(output, json => WritePage(json, response));
    }

    /// <summary>One object a search of a batch: its number, and its hits or what was wrong with it.</summary>
    public static void WriteJson(TextWriter output, int number, SearchResult result, bool withMetadata) =>
        JsonLines.Write(output, json =>
        {
            json.WriteNumber("search", number);
            if (result.Error is { } error)
            {
                json.WriteString("error", error.Message);
                return;
            }

            json.WriteStartArray("hits");
            foreach (var hit in result.Response.Hits)
            {
                json.WriteStartObject();
                WriteHit(json, hit, withMetadata);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (result.Response.Facets.Count > 0)
            {
                json.WriteStartArray("facets");
                foreach (var facet in result.Response.Facets)
                {
                    json.WriteStartObject();
                    FacetText.WriteJson(json, facet);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }

            WritePage(json, result.Response);
        });

    /// <summary>A search of a batch, for people.</summary>
    public static void Write(IAnsiConsole console, int number, string text, SearchResult result, bool withMetadata)
    {
        console.Write(new Text($"Search {number}: {Snippet(text)}{Environment.NewLine}", new Style(decoration: Decoration.Bold)));
        if (result.Error is { } error)
            console.WriteLine($"     failed: {error.Message}");
        else
            Write(console, result.Response, withMetadata);
    }

    public static void Write(IAnsiConsole console, SearchResponse response, bool withMetadata)
    {
        var rank = 0;
        foreach (var hit in response.Hits)
        {
            console.Write(new Text($"{++rank,3}. ", new Style(decoration: Decoration.Dim)));
            console.Write(new Text(hit.Score.ToString("0.0000", CultureInfo.InvariantCulture), new Style(Color.Green)));
            console.Write(new Text("  "));
            console.Write(new Text(hit.DocumentId, new Style(Color.Blue, decoration: Decoration.Bold)));
            console.WriteLine(Place(hit));
            HitSurroundings.Write(console, hit);
            if (withMetadata)
            {
                foreach (var (key, value) in hit.Metadata.OrderBy(item => item.Key, StringComparer.Ordinal))
                    console.WriteLine($"     {key} = {Plain(value)}");
            }
        }

        if (response.Hits.Count == 0)
            console.WriteLine("Nothing found.");
        foreach (var facet in response.Facets)
            console.WriteLine(FacetText.Line(facet));
        if (response.NextPageToken.Length > 0)
            console.WriteLine($"Next page: --page-token {response.NextPageToken}");
        if (response.PageWindow > 0)
            console.WriteLine($"All pages together: {response.PageWindow}");
        console.Write(new Text(Timings(response) + Environment.NewLine, new Style(decoration: Decoration.Dim)));
    }

    /// <summary>A text in one line of at most 240 characters.</summary>
    public static string Snippet(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (line.Length <= SnippetCharacters)
            return line;
        var end = char.IsHighSurrogate(line[SnippetCharacters - 1]) ? SnippetCharacters - 1 : SnippetCharacters;
        return line[..end] + "…";
    }

    private static void WriteHit(Utf8JsonWriter json, SearchHit hit, bool withMetadata)
    {
        json.WriteString("document", hit.DocumentId);
        json.WriteString("chunk", hit.ChunkId);
        json.WriteNumber("score", hit.Score);
        if (hit.HasDenseScore)
            json.WriteNumber("dense_score", hit.DenseScore);
        if (hit.HasSparseScore)
            json.WriteNumber("sparse_score", hit.SparseScore);
        if (hit.HasSparseVectorScore)
            json.WriteNumber("sparse_vector_score", hit.SparseVectorScore);
        json.WriteString("text", hit.Text);
        if (hit.Snippet is { } snippet)
            HitSurroundings.WriteJson(json, snippet);
        HitSurroundings.WriteJson(json, "before", hit.ChunksBefore);
        HitSurroundings.WriteJson(json, "after", hit.ChunksAfter);
        if (withMetadata)
            JsonLines.WriteMetadata(json, hit.Metadata);
    }

    private static void WritePage(Utf8JsonWriter json, SearchResponse response)
    {
        if (response.NextPageToken.Length > 0)
            json.WriteString("next_page_token", response.NextPageToken);
        if (response.PageWindow > 0)
            json.WriteNumber("page_window", response.PageWindow);
    }

    private static string Place(SearchHit hit)
    {
        var place = hit.Passage is { HeadingPath.Count: > 0 } passage ? " › " + string.Join(" › ", passage.HeadingPath) : "";
        return hit.Passage is { Page: > 0 } paged ? $"{place} (page {paged.Page})" : place;
    }

    private static string Timings(SearchResponse response)
    {
        var timings = response.Timings ?? new SearchTimings();
        var missing = response.MissingPartitions.Count > 0
            ? $"; {response.MissingPartitions.Count} partitions did not answer"
            : "";
        return $"{response.Hits.Count} hits in {Milliseconds(timings.Total)} ms (embedding {Milliseconds(timings.Embed)}, "
            + $"search {Milliseconds(timings.Search)}, texts {Milliseconds(timings.Fetch)}){missing}";
    }

    private static string Milliseconds(Google.Protobuf.WellKnownTypes.Duration? duration) =>
        (duration?.ToTimeSpan().TotalMilliseconds ?? 0).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Plain(Value value) => value.ToObject() switch
    {
        System.Collections.IEnumerable list and not string => string.Join(", ", list.Cast<object>()),
        var single => Convert.ToString(single, CultureInfo.InvariantCulture) ?? "",
    };
}
