using System.CommandLine;
using Rag.Cli.Bench.Ann;
using Rag.Cli.Bench.Churn;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Engine.Indexing;

namespace Rag.Cli.Verbs;

/// <summary><c>rag bench churn</c>.</summary>
internal static class BenchChurnVerb
{
    public static Command Create(Terminal terminal)
    {
        var vectors = new Option<string>("--base")
        {
            Description = "Vectors, as fbin: the second half replaces the first.",
            HelpName = "FILE",
            Required = true,
        };
        var queries = new Option<string>("--queries") { Description = "Queries, as fbin.", HelpName = "FILE", Required = true };
        var metric = new Option<string>("--metric") { Description = "How vectors are compared.", DefaultValueFactory = _ => "ip" };
        metric.AcceptOnlyFromAmong(MetricName.All);
        var codec = new Option<VectorCodec>("--codec") { Description = "Form of traversal.", DefaultValueFactory = _ => VectorCodec.Int8 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds in which everything is replaced.", DefaultValueFactory = _ => 20 };
        var batch = new Option<int>("--batch") { Description = "Vectors of a write in every second round.", DefaultValueFactory = _ => 16 };
        var searchers = new Option<int>("--searchers") { Description = "Threads that search meanwhile.", DefaultValueFactory = _ => 1 };
        var limit = new Option<int>("--limit") { Description = "Vectors read from the file; 0 for all." };
        var buildThreads = new Option<int>("--build-threads") { Description = "Threads that build.", DefaultValueFactory = _ => 2 };
        var efforts = new Option<string>("--efforts")
        {
            Description = "Efforts at which recall is compared.",
            HelpName = "LIST",
            DefaultValueFactory = _ => "16,32,64,128,256",
        };
        var recallQueries = new Option<int>("--recall-queries") { Description = "Queries that recall is measured with.", DefaultValueFactory = _ => 1000 };
        var seed = new Option<int>("--seed") { Description = "Seed of the order of the churn.", DefaultValueFactory = _ => 1 };
        var json = JsonOption.Create("Print one JSON object.");
        var verb = new Verb(
            "churn", "Replace every vector of an index while searching; show pauses, and what is left of recall and memory.",
            "rag bench churn --base base.fbin --queries queries.fbin --metric cosine --rounds 20 --json")
        {
            vectors, queries, metric, codec, rounds, batch, searchers, limit, buildThreads, efforts, recallQueries, seed, json,
        };
        verb.SetAction(async (parsed, stop) =>
        {
            var options = new ChurnOptions
            {
                BasePath = parsed.GetValue(vectors)!,
                QueriesPath = parsed.GetValue(queries)!,
                Metric = MetricName.Read(parsed.GetValue(metric)!),
                Codec = parsed.GetValue(codec),
                Rounds = parsed.GetValue(rounds),
                Batch = parsed.GetValue(batch),
                Searchers = parsed.GetValue(searchers),
                Limit = parsed.GetValue(limit),
                BuildThreads = parsed.GetValue(buildThreads),
                Efforts = NumberList.Read<int>(parsed.GetValue(efforts)!, "32,64"),
                RecallQueries = parsed.GetValue(recallQueries),
                Seed = parsed.GetValue(seed),
                Json = parsed.GetValue(json),
            };
            await ChurnBenchmark.RunAsync(options, terminal.Out, stop);
            return ExitCode.Ok;
        });
        return verb;
    }
}
