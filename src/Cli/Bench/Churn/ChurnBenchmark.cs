using System.Diagnostics;
using Rag.Engine.Indexing;

namespace Rag.Cli.Bench.Churn;

/// <summary>
/// Replaces every vector of an index while it is searched, and compares what is left with a fresh build:
/// <code>
/// base:   [ first half ][ second half ]
/// round r takes the rth part of the first half (shuffled) out and puts the rth part of the second half in,
/// vector by vector in one round, in batches in the next
/// </code>
/// </summary>
public static class ChurnBenchmark
{
    /// <summary>Hits that a search asks for.</summary>
    public const int K = 10;

    /// <summary>Fewest vectors that make sense.</summary>
    public const int FewestVectors = 40;

    private const int BuildBatch = 1024;

    /// <summary>Runs the benchmark and prints its report.</summary>
    /// <exception cref="ArgumentException">An option is out of range, or the files do not fit together.</exception>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public static Task<ChurnReport> RunAsync(ChurnOptions options, TextWriter output, CancellationToken cancellation) =>
        Task.Run(() => Run(options, output, cancellation), cancellation);

    private static ChurnReport Run(ChurnOptions options, TextWriter output, CancellationToken cancellation)
    {
        options.Validate();
        var vectors = AnnMatrix<float>.Read(options.BasePath, VectorIndexOptions.MaxDimension);
        var queries = AnnMatrix<float>.Read(options.QueriesPath, VectorIndexOptions.MaxDimension);
        if (vectors.Columns != queries.Columns)
            throw new ArgumentException(
                $"The base has {vectors.Columns} dimensions, the queries have {queries.Columns}.");
        var half = (options.Limit == 0 ? vectors.Count : Math.Min(options.Limit, vectors.Count)) / 2;
        if (half < FewestVectors / 2)
            throw new ArgumentException($"The base has {vectors.Count} vectors; {FewestVectors} are needed.");
        using var index = new ChurnIndex(vectors, IndexOptions(options, vectors.Columns));
        var buildTime = Build(index, 0, half, options.BuildThreads, cancellation);
        index.Index.Calibrate();
        var run = new ChurnRun(options, index, vectors, queries, half);
        run.Go(cancellation);

        using var fresh = new ChurnIndex(vectors, IndexOptions(options, vectors.Columns));
        Build(fresh, half, half, options.BuildThreads, cancellation);
        var recalls = Compare(options, index, fresh, vectors, queries, half, cancellation);
        var report = run.Report(recalls, half / buildTime.TotalSeconds, fresh.MemoryBytes);
        if (options.Json)
            output.WriteLine(BenchJson.Write(report));
        else
            report.WriteTable(output);
        return report;
    }

    private static VectorIndexOptions IndexOptions(ChurnOptions options, int dimension) => new()
    {
        Dimension = dimension,
        Metric = options.Metric,
        Codec = options.Codec,
        M = options.M,
        EfConstruction = options.EfConstruction,
    };

    private static TimeSpan Build(ChurnIndex index, int first, int count, int threads, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        for (var start = first; start < first + count; start += BuildBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            index.Write([], [.. Enumerable.Range(start, Math.Min(BuildBatch, first + count - start))], threads);
        }

        return Stopwatch.GetElapsedTime(began);
    }

    private static List<ChurnRecall> Compare(ChurnOptions options, ChurnIndex churned, ChurnIndex fresh,
        AnnMatrix<float> vectors, AnnMatrix<float> queries, int half, CancellationToken cancellation)
    {
        var truth = new int[Math.Min(options.RecallQueries, queries.Count)][];
        var parallel = new ParallelOptions { CancellationToken = cancellation };
        Parallel.For(0, truth.Length, parallel, i =>
            truth[i] = ExactTruth.Nearest(options.Metric, queries[i], id => vectors[id], half, half, K));
        return [.. options.Efforts.Select(effort => new ChurnRecall(
            effort, Recall(churned, queries, truth, effort), Recall(fresh, queries, truth, effort)))];
    }

    private static double Recall(ChurnIndex index, AnnMatrix<float> queries, int[][] truth, int effort)
    {
        var (found, wanted) = (0, 0);
        var hits = new ScoredRow[K];
        for (var i = 0; i < truth.Length; i++)
        {
            var count = index.Search(queries[i], new SearchEffort(effort), hits);
            found += hits.AsSpan(0, count).ToArray().Count(hit => truth[i].Contains(hit.Row));
            wanted += truth[i].Length;
        }

        return Math.Round(found / (double)wanted, 5);
    }
}
