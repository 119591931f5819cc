using System.CommandLine;
using Rag.Cli.Bench.Ann;
using Rag.Cli.Bench.Ann.Filtered;
using Rag.Cli.Bench.Peers;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Engine.Indexing;

namespace Rag.Cli.Verbs;

/// <summary><c>rag bench ann</c>.</summary>
internal static class BenchAnnVerb
{
    private const string Shares = "0.90,0.95";

    public static Command Create(Terminal terminal)
    {
        var vectors = new Option<string>("--base") { Description = "Vectors to index, as fbin.", HelpName = "FILE", Required = true };
        var queries = new Option<string>("--queries") { Description = "Queries, as fbin.", HelpName = "FILE", Required = true };
        var truth = new Option<string?>("--truth")
        {
            Description = "True neighbours, as ibin. Default: computed.",
            HelpName = "FILE",
        };
        var metric = new Option<string>("--metric") { Description = "How vectors are compared.", DefaultValueFactory = _ => "ip" };
        metric.AcceptOnlyFromAmong(MetricName.All);
        var k = new Option<int>("--k", "-k") { Description = "Hits a query asks for.", DefaultValueFactory = _ => 10 };
        var targets = new Option<string>("--targets")
        {
            Description = "Recall targets.",
            HelpName = "LIST",
            DefaultValueFactory = _ => "0.90,0.95,0.99",
        };
        var threads = new Option<int>("--threads") { Description = "Search threads.", DefaultValueFactory = _ => 1 };
        var buildThreads = new Option<int?>("--build-threads") { Description = "Threads that build. Default: as many as search." };
        var codec = new Option<string>("--codec") { Description = "Form of traversal.", DefaultValueFactory = _ => "int8" };
        codec.AcceptOnlyFromAmong([.. Enum.GetNames<VectorCodec>().Select(name => name.ToLowerInvariant())]);
        var m = new Option<int>("--m") { Description = "Edges of a node.", DefaultValueFactory = _ => 16 };
        var efConstruction = new Option<int>("--ef-construction")
        {
            Description = "Candidates considered when a row is linked.",
            DefaultValueFactory = _ => 200,
        };
        var repeats = new Option<int>("--repeats") { Description = "Timed passes; their median counts.", DefaultValueFactory = _ => 5 };
        var peers = new Option<string>("--peers")
        {
            Description = $"Other libraries to compare with in the same run: {string.Join(", ", PeerCatalog.Names)}, or {PeerCatalog.All}.",
            HelpName = "LIST",
            DefaultValueFactory = _ => "",
        };
        var recallTargets = new Option<string>("--recall-targets")
        {
            Description = "Search by these recall targets, too, and show the recall that they give.",
            HelpName = "LIST",
            DefaultValueFactory = _ => "",
        };
        var selectivity = new Option<string>("--filter-selectivity")
        {
            Description = "Search behind filters that accept these shares of the rows, too.",
            HelpName = "LIST",
            DefaultValueFactory = _ => "",
        };
        var kinds = new Option<string>("--filter-kinds")
        {
            Description = "How what they accept lies to the queries: random, correlated, anticorrelated.",
            HelpName = "LIST",
            DefaultValueFactory = _ => "random,correlated,anticorrelated",
        };
        var plot = new Option<string?>("--plot") { Description = "Write speed over recall as an SVG picture.", HelpName = "FILE" };
        var json = JsonOption.Create("Print one JSON object.");
        var verb = new Verb(
            "ann", "Build an index of your vectors and show queries a second at each recall target.",
            "rag bench ann --base base.fbin --queries queries.fbin --truth truth.ibin --metric cosine --threads 2 --json",
            "rag bench ann --base base.fbin --queries queries.fbin --build-threads 2 --peers hnswlib,faiss --plot recall.svg",
            "rag bench ann --base base.fbin --queries queries.fbin --recall-targets 0.9,0.95,0.99 --filter-selectivity 0.5,0.1,0.01,0.001")
        {
            vectors, queries, truth, metric, k, targets, threads, buildThreads, codec, m, efConstruction, repeats, peers,
            recallTargets, selectivity, kinds, plot, json,
        };
        verb.SetAction(async (parsed, stop) =>
        {
            var options = new AnnBenchmarkOptions
            {
                BasePath = parsed.GetValue(vectors)!,
                QueriesPath = parsed.GetValue(queries)!,
                TruthPath = parsed.GetValue(truth),
                Metric = MetricName.Read(parsed.GetValue(metric)!),
                K = parsed.GetValue(k),
                Targets = NumberList.Read<double>(parsed.GetValue(targets)!, Shares),
                RecallTargets = NumberList.Read<double>(parsed.GetValue(recallTargets)!, Shares),
                FilterSelectivities = NumberList.Read<double>(parsed.GetValue(selectivity)!, Shares),
                FilterKinds = ReadKinds(parsed.GetValue(kinds)!),
                Threads = parsed.GetValue(threads),
                BuildThreads = parsed.GetValue(buildThreads),
                Codec = Enum.Parse<VectorCodec>(parsed.GetValue(codec)!, ignoreCase: true),
                M = parsed.GetValue(m),
                EfConstruction = parsed.GetValue(efConstruction),
                Repeats = parsed.GetValue(repeats),
                Peers = PeerCatalog.Read(parsed.GetValue(peers)!),
                PlotPath = parsed.GetValue(plot),
                Json = parsed.GetValue(json),
            };
            await AnnBenchmark.RunAsync(options, terminal.Out, terminal.Error, stop);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static IReadOnlyList<FilterKind> ReadKinds(string list) =>
    [
        .. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(item =>
            Enum.TryParse<FilterKind>(item, ignoreCase: true, out var kind) && !char.IsAsciiDigit(item[0])
                ? kind
                : throw new CliException(
                    $"'{item}' is no kind of filter: write random, correlated or anticorrelated.", ExitCode.Usage)),
    ];
}
