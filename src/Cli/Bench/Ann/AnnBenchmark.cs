using Rag.Cli.Bench.Ann.Filtered;
using Rag.Cli.Bench.Peers;
using Rag.Engine.Indexing;

namespace Rag.Cli.Bench.Ann;

/// <summary>
/// Recall against speed on data in the format of the ANN benchmarks: builds an index, then seeks the smallest effort
/// that reaches each recall target and times all queries at it; with peers, in one run with theirs.
/// </summary>
internal static class AnnBenchmark
{
    /// <summary>
    /// Runs the benchmark, prints its report to <paramref name="output"/> and how far it is to
    /// <paramref name="progress"/>.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range, or the files do not fit together.</exception>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public static async Task<AnnReport> RunAsync(
        AnnBenchmarkOptions options, TextWriter output, TextWriter progress, CancellationToken cancellationToken)
    {
        options.Validate();
        var queries = AnnMatrix<float>.Read(options.QueriesPath, VectorIndexOptions.MaxDimension);
        await using var own = CreateOwn(options, queries, out var count, out var k);
        if (!options.Json)
            output.WriteLine($"{BenchMachine.Describe()}, search threads {(ThreadAffinity.IsSupported ? "" : "not ")}pinned to cores");
        var contestants = new List<Contestant> { new(own.Name, own) };
        try
        {
            var buildSeconds = await own.BuildAsync(options.BuildThreads ?? options.Threads, cancellationToken);
            contestants[0].BuildSeconds = buildSeconds;
            progress.WriteLine(FormattableString.Invariant($"{own.Name}: built in {buildSeconds:0.0} s"));
            var truth = options.TruthPath is null
                ? AnnTruth.Compute(own.Index, queries, k, cancellationToken)
                : AnnTruth.Read(options.TruthPath, queries.Count, k, count);
            var comparison = new Comparison(options, new AnnRecall(truth, k), k, count, progress);
            foreach (var peer in options.Peers)
            {
                var contestant = await StartAsync(peer, options, queries.Count, k, progress, cancellationToken);
                contestants.Add(contestant);
                await comparison.BuildAsync(contestant, cancellationToken);
            }

            await comparison.MeasureAsync(contestants, cancellationToken);
            var report = AnnReports.Create(options, own, count, queries.Columns, k, contestants);
            if (options.RecallTargets.Count + options.FilterSelectivities.Count > 0)
            {
                var filtered = new FilteredBenchmark(options, own, queries, k);
                filtered.Prepare(cancellationToken);
                report = report with
                {
                    RecallTargets = filtered.MeasureTargets(truth, cancellationToken),
                    Filters = filtered.MeasureFilters(cancellationToken),
                };
            }

            Write(report, options, contestants, output);
            return report;
        }
        finally
        {
            foreach (var contestant in contestants.Skip(1))
            {
                if (contestant.Engine is { } engine)
                    await engine.DisposeAsync();
            }
        }
    }

    // The vectors themselves are the index's alone, which lets go of them when it is built.
    private static OwnIndex CreateOwn(
        AnnBenchmarkOptions options, AnnMatrix<float> queries, out int count, out int k)
    {
        var vectors = AnnMatrix<float>.Read(options.BasePath, VectorIndexOptions.MaxDimension);
        if (vectors.Columns != queries.Columns)
            throw new ArgumentException(
                $"The base has {vectors.Columns} dimensions, the queries have {queries.Columns}.");
        count = vectors.Count;
        k = Math.Min(options.K, count);
        return new OwnIndex(vectors, queries, k, new VectorIndexOptions
        {
            Dimension = vectors.Columns,
            Metric = options.Metric,
            Codec = options.Codec,
            M = options.M,
            EfConstruction = options.EfConstruction,
        });
    }

    private static async Task<Contestant> StartAsync(AnnPeer peer, AnnBenchmarkOptions options, int queries, int k,
        TextWriter progress, CancellationToken cancellationToken)
    {
        try
        {
            var engine = await PeerEngine.StartAsync(peer, options, queries, k, cancellationToken);
            progress.WriteLine($"{peer.Name}: {engine.Description}");
            return new Contestant(peer.Name, engine);
        }
        catch (PeerException failure)
        {
            progress.WriteLine(failure.Message);
            return new Contestant(peer.Name, null) { Error = failure.Message };
        }
    }

    private static void Write(AnnReport report, AnnBenchmarkOptions options, IReadOnlyList<Contestant> contestants,
        TextWriter output)
    {
        if (options.PlotPath is not null)
            RecallPlot.Write(options.PlotPath, report.Title, contestants);
        if (options.Json)
            output.WriteLine(report.ToJson());
        else
        {
            new AnnTable(report).Write(output);
            FilteredTable.Write(report.RecallTargets, report.Filters, output);
        }
    }
}
