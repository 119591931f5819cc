using System.CommandLine;
using Rag.Cli.Composition;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Verbs;

/// <summary><c>rag search TEXT --workspace W</c>.</summary>
internal static class SearchVerb
{
    // What to search for in place of a text.
    private static readonly string[] NamesWithoutText = ["--like", "--sparse", "--vector"];

    public static Command Create(Terminal terminal)
    {
        var connection = new ConnectionOptions();
        var workspace = WorkspaceOption.Create();
        var text = new Argument<string[]>("TEXT")
        {
            Description = "What to look for; several words need no quotes. None with --like, --sparse, --vector or --batch.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var k = new Option<int>("--k", "-k") { Description = "How many hits, 1 to 10,000.", DefaultValueFactory = _ => 10 };
        var offset = new Option<int>("--offset") { Description = "Leave out this many of the best." };
        var filter = new Option<string[]>("--filter", "-f")
        {
            Description = "Condition on metadata: lang=en, lang=en|de, year>=2020, draft?, !draft?, or a rag.v1.Filter as JSON.",
            HelpName = "CONDITION",
        };
        var mode = SearchModeOption.Create();
        var encoder = EncoderOption.Create("Encoder of the query.", Encoder.Full);
        var effort = new EffortOptions();
        var fusion = new FusionOptions();
        var page = new PageOptions();
        var ranking = new RankingOptions();
        var facets = new FacetOptions();
        var threshold = new Option<float?>("--threshold") { Description = "Only hits with this score or a higher one." };
        var space = new Option<string>("--space") { Description = "The vector space.", DefaultValueFactory = _ => "" };
        var vector = new Option<string?>("--vector")
        {
            Description = "Search by this vector in place of the text's: a JSON file, [0.1,…].", HelpName = "FILE",
        };
        var batch = new Option<string?>("--batch")
        {
            Description = "Many searches at once: on each line a text, or a rag.v1.SearchRequest as JSON; - reads the input. "
                + "Other options hold where a line says nothing else.",
            HelpName = "FILE",
        };
        var metadata = new Option<bool>("--metadata") { Description = "Print the hits' metadata too." };
        var json = JsonOption.Create("Print one JSON object a hit: document, chunk, score, text.");

        var verb = new Verb(
            "search", "Find the passages nearest to a text.",
            "rag search how do I claim travel costs -w handbook",
            "rag search \"error budget\" -w handbook -k 3 --filter lang=en --filter 'year>=2023' --json",
            "rag search CVE-2024-1234 -w handbook --mode hybrid",
            "rag search error budget -w handbook --group 2 --highlight --neighbours 1",
            "rag search -w handbook --like travel.md/000003 --diversity 0.6 --facet lang",
            "rag search -w handbook --mode sparse --sparse 2054:0.8,3793:1.4",
            "rag search -w handbook -k 3 --batch questions.txt --json",
            "rag search \"error budget\" -w handbook --exact --address http://127.0.0.1:7700")
        {
            text, workspace, mode, k, offset, filter, encoder, threshold, vector, space, batch, metadata, json,
        };
        effort.AddTo(verb);
        fusion.AddTo(verb);
        page.AddTo(verb);
        ranking.AddTo(verb);
        facets.AddTo(verb);
        connection.AddTo(verb);
        verb.Validators.Add(result =>
        {
            var isBatch = result.GetResult(batch) is { Tokens.Count: > 0 };
            var hasText = result.GetResult(text) is { Tokens.Count: > 0 };
            if (isBatch && hasText)
                result.AddError("Give a text or --batch: its lines say what to look for.");
            else if (!isBatch && !hasText && !NamesWithoutText.Any(name => result.GetResult(name) is { Tokens.Count: > 0 }))
                result.AddError("Say what to look for: a text, --like CHUNK, --sparse INDEX:WEIGHT, --vector FILE or --batch FILE.");
        });
        verb.SetAction(async (parsed, stop) =>
        {
            var query = new SearchQuery
            {
                Text = string.Join(' ', parsed.GetValue(text)!),
                Mode = parsed.GetValue(mode),
                K = parsed.GetValue(k),
                Offset = parsed.GetValue(offset),
                Filter = FilterSyntax.Parse(parsed.GetValue(filter) ?? []),
                Encoder = parsed.GetValue(encoder),
                ScoreThreshold = parsed.GetValue(threshold),
                Space = parsed.GetValue(space)!,
                RecallTarget = effort.Recall(parsed),
                Ef = effort.Ef(parsed),
                Exact = effort.IsExact(parsed),
                Vector = parsed.GetValue(vector) is { } file ? VectorFile.Read(file) : default,
            };
            query = facets.Apply(ranking.Apply(page.Apply(fusion.Apply(query, parsed), parsed), parsed), parsed);
            await using var engine = await EngineConnector.ConnectAsync(connection, parsed, stop);
            if (parsed.GetValue(batch) is { } lines)
            {
                var searches = SearchLines.Read(lines, query.ToRequest(parsed.GetValue(workspace)!), terminal);
                return await RunAsync(engine.Client.Searches, searches, terminal, parsed.GetValue(json), parsed.GetValue(metadata), stop);
            }

            var answer = await engine.Client.Workspace(parsed.GetValue(workspace)!).SearchAsync(query, stop);
            if (parsed.GetValue(json))
                SearchResults.WriteJson(terminal.Out, answer, parsed.GetValue(metadata));
            else
                SearchResults.Write(terminal.Pretty, answer, parsed.GetValue(metadata));
            return ExitCode.Ok;
        });
        return verb;
    }

    private static async Task<int> RunAsync(
        SearchClient client, IEnumerable<SearchRequest> searches, Terminal terminal, bool asJson, bool withMetadata,
        CancellationToken stop)
    {
        var (number, failed) = (0, 0);
        foreach (var part in searches.Chunk(SearchLines.AtATime))
        {
            var results = await client.SearchBatchAsync(part, stop);
            for (var i = 0; i < results.Count; i++)
            {
                number++;
                failed += results[i].Error is null ? 0 : 1;
                if (asJson)
                    SearchResults.WriteJson(terminal.Out, number, results[i], withMetadata);
                else
                    SearchResults.Write(terminal.Pretty, number, part[i].Text, results[i], withMetadata);
            }
        }

        return failed == 0 ? ExitCode.Ok : throw new CliException($"{failed} of {number} searches failed.");
    }
}
