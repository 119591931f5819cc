using Rag.Cli.Ingestion;
using Rag.Cli.Output;
using Rag.Client;
using Rag.V1;
using Spectre.Console;

namespace Rag.Cli.Demo;

/// <summary>Takes a folder in, searches it, and says how to go on.</summary>
internal sealed class DemoScript(Terminal terminal, RagClient client)
{
    private const int HitsPerSearch = 3;

    /// <param name="queries">What to search for; none: something that fits the folder.</param>
    public async Task RunAsync(
        DemoFiles files, Encoder encoder, IReadOnlyList<string> queries, CancellationToken cancellationToken)
    {
        Heading($"Taking in {IngestReport.Files(files.Files.Count)} of {files.Folder}");
        var demo = await DemoWorkspace.PrepareAsync(client, files, encoder, cancellationToken);
        await new IngestReport(terminal, json: false)
            .RunAsync(new BulkIngest(demo, new IngestSource()), files.Files, cancellationToken);
        if (queries.Count == 0)
        {
            queries = files.IsOwn
                ? DemoQueries.ForThisRepository
                : await DemoQueries.FromTitlesAsync(demo.Documents, cancellationToken);
        }

        // The first search loads the transformer; that is not what a search takes.
        await demo.SearchAsync("warm-up", 1, cancellationToken);
        foreach (var query in queries)
        {
            Heading($"Searching for: {query}");
            var answer = await demo.SearchAsync(query, HitsPerSearch, cancellationToken);
            SearchResults.Write(terminal.Pretty, answer, withMetadata: false);
        }
    }

    /// <summary>How to call the engine that serves now.</summary>
    public void ExplainCalls(string address, string dataArgument)
    {
        Heading("Call it yourself");
        terminal.Out.WriteLine(
            $$"""
              gRPC address   {{address}}   (protos/rag/v1; reflection and health are on)
              command line   ./rag search "your question" --workspace {{DemoWorkspace.Name}}{{dataArgument}}

              C#             await using var rag = RagClient.Connect("{{address}}");
                             var answer = await rag.Workspace("{{DemoWorkspace.Name}}").SearchAsync("your question");
                             foreach (var hit in answer.Hits)
                                 Console.WriteLine($"{hit.Score:0.000} {hit.DocumentId}: {hit.Text}");
              """);
    }

    private void Heading(string text)
    {
        terminal.Pretty.WriteLine();
        terminal.Pretty.WriteLine(text, new Style(decoration: Decoration.Bold));
    }
}
