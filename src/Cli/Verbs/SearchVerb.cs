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
    public static Command Create(Terminal terminal)
    {
        var connection = new ConnectionOptions();
        var workspace = WorkspaceOption.Create();
        var text = new Argument<string[]>("TEXT")
        {
            Description = "What to look for; several words need no quotes. None with --like or --sparse.",
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
            "rag search \"error budget\" -w handbook --exact --address http://127.0.0.1:7700")
        {
            text, workspace, mode, k, offset, filter, encoder, threshold, space, metadata, json,
        };
        effort.AddTo(verb);
        fusion.AddTo(verb);
        page.AddTo(verb);
        ranking.AddTo(verb);
        facets.AddTo(verb);
        connection.AddTo(verb);
        verb.Validators.Add(result =>
        {
            if (result.GetResult(text) is not { Tokens.Count: > 0 } && result.GetResult("--like") is not { Tokens.Count: > 0 }
                && result.GetResult("--sparse") is not { Tokens.Count: > 0 })
                result.AddError("Say what to look for: a text, --like CHUNK, or --sparse INDEX:WEIGHT.");
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
            };
            query = facets.Apply(ranking.Apply(page.Apply(fusion.Apply(query, parsed), parsed), parsed), parsed);
            await using var engine = await EngineConnector.ConnectAsync(connection, parsed, stop);
            var answer = await engine.Client.Workspace(parsed.GetValue(workspace)!).SearchAsync(query, stop);
            if (parsed.GetValue(json))
                SearchResults.WriteJson(terminal.Out, answer, parsed.GetValue(metadata));
            else
                SearchResults.Write(terminal.Pretty, answer, parsed.GetValue(metadata));
            return ExitCode.Ok;
        });
        return verb;
    }
}
