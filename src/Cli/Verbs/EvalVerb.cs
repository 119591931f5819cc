using System.CommandLine;
using System.Globalization;
using Rag.Cli.Composition;
using Rag.Cli.Evaluation;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Verbs;

/// <summary><c>rag eval DIR</c>: search quality on judgements of one's own.</summary>
internal static class EvalVerb
{
    public static Command Create(Terminal terminal)
    {
        var connection = new ConnectionOptions();
        var folder = new Argument<string>("DIR")
        {
            Description = "Holds corpus.jsonl {id, title, text}, queries.jsonl {id, text} and qrels.tsv "
                + "(query id, document id, grade; one heading line).",
        };
        var mode = SearchModeOption.Create();
        var rerank = new RerankOptions(takesVectors: false);
        var encoder = EncoderOption.Create(
            "Encoder of the passages: lookup is the quick one for large collections. Queries use the full one.",
            Encoder.Full);
        var share = new Option<double?>("--refined-share")
        {
            Description = "Compare lookup vectors alone with this share of them replaced by full ones, 0 to 1.",
        };
        var draws = new Option<int>("--draws")
        {
            Description = "Random draws of that share, 1 to 100; their mean counts.",
            DefaultValueFactory = _ => 5,
        };
        var json = JsonOption.Create("Print one JSON object.");

        var verb = new Verb(
            "eval", "Index a judged collection, search it, and print how good and how fast that was.",
            "rag eval ~/collections/handbook",
            "rag eval ~/collections/handbook --encoder lookup --json",
            "rag eval ~/collections/handbook --mode hybrid --late all-MiniLM-L6-v2 --top-n 50",
            "rag eval ~/collections/handbook --refined-share 0.5 --draws 5")
        {
            folder, mode, encoder, share, draws, json,
        };
        rerank.AddTo(verb);
        connection.AddTo(verb);
        verb.SetAction(async (parsed, stop) =>
        {
            var search = rerank.Apply(new SearchQuery { Mode = parsed.GetValue(mode) }, parsed);
            var collection = JudgedCollection.Open(parsed.GetValue(folder)!);
            await using var engine = await EngineConnector.ConnectTemporaryAsync(connection, parsed, stop);
            var notes = parsed.GetValue(json) ? TextWriter.Null : terminal.Error;
            var evaluator = new Evaluator(engine.Client, notes);
            if (parsed.GetValue(share) is { } refined)
            {
                if (refined is not (>= 0 and <= 1) || parsed.GetValue(draws) is < 1 or > 100)
                    throw new CliException("The share is 0 to 1, and there are 1 to 100 draws.", ExitCode.Usage);
                var report = await RefinedShareReport.RunAsync(
                    evaluator, collection, search, refined, parsed.GetValue(draws), stop);
                report.Write(terminal.Out, parsed.GetValue(json));
                return ExitCode.Ok;
            }

            var result = await evaluator.RunAsync(collection, search, parsed.GetValue(encoder), stop);
            if (parsed.GetValue(json))
                WriteJson(terminal.Out, result);
            else
                Write(terminal.Out, result);
            return ExitCode.Ok;
        });
        return verb;
    }

    internal static void WriteJson(TextWriter output, EvalResult result) => JsonLines.Write(output, json =>
    {
        json.WriteString("collection", result.Collection);
        json.WriteString("mode", result.Mode);
        json.WriteNumber("queries", result.Queries);
        json.WriteNumber("ndcg_at_10", Math.Round(result.NdcgAt10, 6));
        json.WriteNumber("map", Math.Round(result.Map, 6));
        json.WriteNumber("recall_at_100", Math.Round(result.RecallAt100, 6));
        json.WriteNumber("queries_per_second", Math.Round(result.QueriesPerSecond, 2));
        json.WriteNumber("p50_ms", Math.Round(result.P50Ms, 3));
        json.WriteNumber("p99_ms", Math.Round(result.P99Ms, 3));
        if (result.Late is { } late)
            json.WriteString("late", late);
        if (result.Rerank is { } rerank)
            json.WriteString("rerank", rerank);
        if (result.Reranked is { } reranked)
            json.WriteNumber("top_n", reranked);
    });

    private static void Write(TextWriter output, EvalResult result)
    {
        output.WriteLine($"collection    {result.Collection} ({result.Queries} judged queries, {result.Mode})");
        if (result.Reranked is { } count)
        {
            var late = result.Late is { } model ? $"late interaction of {model}" : null;
            var stages = string.Join(", then by ", new[] { late, result.Rerank }.OfType<string>());
            output.WriteLine($"scored anew   the best {count}, by {stages}");
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"nDCG@10       {result.NdcgAt10:0.0000}"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"MAP           {result.Map:0.0000}"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"recall@100    {result.RecallAt100:0.0000}"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"speed         {result.QueriesPerSecond:0.0} queries/s, one caller; p50 {result.P50Ms:0.00} ms, "
            + $"p99 {result.P99Ms:0.00} ms"));
    }
}
