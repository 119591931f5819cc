using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Rag.Engine.Indexing;
using Rag.Engine.Rows;

namespace Rag.Cli.Bench;

/// <summary>
/// Recall against speed on data in the format of the ANN benchmarks: builds an index, then seeks the smallest effort
/// that reaches each recall target and times all queries at it.
/// </summary>
public static class AnnBenchmark
{
    private const int BatchRows = 4096;

    /// <summary>Runs the benchmark and prints its report to <paramref name="output"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of range, or the files do not fit together.</exception>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public static Task<AnnReport> RunAsync(AnnBenchmarkOptions options, TextWriter output,
        CancellationToken cancellation) => Task.Run(() => Run(options, output, cancellation), cancellation);

    private static AnnReport Run(AnnBenchmarkOptions options, TextWriter output, CancellationToken cancellation)
    {
        options.Validate();
        var vectors = AnnMatrix<float>.Read(options.BasePath, VectorIndexOptions.MaxDimension);
        var queries = AnnMatrix<float>.Read(options.QueriesPath, VectorIndexOptions.MaxDimension);
        if (vectors.Columns != queries.Columns)
            throw new ArgumentException(
                $"The base has {vectors.Columns} dimensions, the queries have {queries.Columns}.");
        if (!options.Json)
            output.WriteLine(Machine());
        using var rows = new VectorRows(vectors.Columns);
        using var index = new VectorIndex(new VectorIndexOptions
        {
            Dimension = vectors.Columns,
            Metric = options.Metric,
            Codec = options.Codec,
            M = options.M,
            EfConstruction = options.EfConstruction,
        }, rows);
        var buildSeconds = Build(index, vectors, options.BuildThreads ?? options.Threads, cancellation);
        var k = Math.Min(options.K, vectors.Count);
        var truth = options.TruthPath is null
            ? AnnTruth.Compute(index, queries, k, cancellation)
            : AnnTruth.Read(options.TruthPath, queries.Count, k, vectors.Count);
        var sweep = new AnnSweep(index, queries, truth, k, options.Threads, options.Repeats);
        var report = new AnnReport
        {
            N = vectors.Count,
            Dim = vectors.Columns,
            Metric = Name(options.Metric),
            K = k,
            Threads = options.Threads,
            BuildSeconds = Math.Round(buildSeconds, 3),
            BytesResidentPerVector = Math.Round(index.MemoryBytes / (double)vectors.Count, 1),
            BytesDiskPerVector = Math.Round(SavedBytes(index) / (double)vectors.Count + vectors.Columns * 4.0, 1),
            Results = options.Targets.Select(target => sweep.Reach(target, cancellation)).ToList(),
        };
        if (options.Json)
            output.WriteLine(report.ToJson());
        else
            report.WriteTable(output);
        return report;
    }

    private static double Build(VectorIndex index, AnnMatrix<float> vectors, int threads,
        CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var ids = new int[BatchRows];
        var batch = new float[BatchRows * vectors.Columns];
        for (var start = 0; start < vectors.Count; start += BatchRows)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(BatchRows, vectors.Count - start);
            for (var i = 0; i < count; i++)
            {
                ids[i] = start + i;
                vectors[start + i].CopyTo(batch.AsSpan(i * vectors.Columns));
            }

            index.AddRange(ids.AsSpan(0, count), batch.AsSpan(0, count * vectors.Columns), threads);
        }

        return watch.Elapsed.TotalSeconds;
    }

    private static long SavedBytes(VectorIndex index)
    {
        using var counter = new CountingStream();
        index.Save(counter, index.Count);
        return counter.Length;
    }

    private static string Name(Metric metric) => metric switch
    {
        Metric.InnerProduct => "ip",
        Metric.L2 => "l2",
        _ => "cosine",
    };

    private static string Machine()
    {
        var width = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
        return string.Create(CultureInfo.InvariantCulture,
            $"{CpuName()}, {Environment.ProcessorCount} cores, {width}-bit vectors, {RuntimeInformation.FrameworkDescription}");
    }

    private static string CpuName()
    {
        const string key = "model name";
        if (!File.Exists("/proc/cpuinfo"))
            return RuntimeInformation.ProcessArchitecture.ToString();
        var line = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
