using System.Diagnostics;
using Rag.Engine.Indexing;

namespace Rag.Cli.Bench;

/// <summary>Seeks, for a recall target, the smallest effort that reaches it, and times it.</summary>
internal sealed class AnnSweep(
    VectorIndex index, AnnMatrix<float> queries, int[][] truth, int k, int threads, int repeats)
{
    private const int LargestEffort = 16_384;

    private readonly SortedDictionary<int, double> _recalls = [];

    public AnnResult Reach(double target, CancellationToken cancellation)
    {
        var high = k;
        while (Recall(high, cancellation) < target && high < Math.Min(LargestEffort, index.Count))
            high = Math.Min(high * 2, LargestEffort);
        if (Recall(high, cancellation) < target)
            return new AnnResult(target, Round(Recall(high, cancellation)), null, high);
        var low = Math.Max(k, high / 2);
        // Between two efforts a step of 3 % is finer than what a run can tell apart.
        while (high - low > Math.Max(1, high / 32))
        {
            var middle = (low + high) / 2;
            if (Recall(middle, cancellation) < target)
                low = middle;
            else
                high = middle;
        }

        if (low < high && Recall(low, cancellation) >= target)
            high = low;
        var rates = new double[repeats];
        for (var i = 0; i < repeats; i++)
            rates[i] = QueriesPerSecond(high, cancellation);
        Array.Sort(rates);
        return new AnnResult(target, Round(Recall(high, cancellation)), Math.Round(rates[repeats / 2], 1), high);
    }

    private static double Round(double recall) => Math.Round(recall, 5);

    private double Recall(int effort, CancellationToken cancellation)
    {
        if (_recalls.TryGetValue(effort, out var known))
            return known;
        var found = 0L;
        RunQueries(effort, (query, hits) =>
        {
            var matches = 0;
            foreach (var hit in hits)
                matches += truth[query].AsSpan().Contains(hit.Row) ? 1 : 0;
            Interlocked.Add(ref found, matches);
        }, cancellation);
        return _recalls[effort] = found / (double)truth.Sum(neighbours => neighbours.Length);
    }

    private double QueriesPerSecond(int effort, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        RunQueries(effort, static (_, _) => { }, cancellation);
        return queries.Count / watch.Elapsed.TotalSeconds;
    }

    private void RunQueries(int effort, HitsHandler handle, CancellationToken cancellation)
    {
        var next = -1;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ =>
        {
            var hits = new ScoredRow[k];
            for (var i = Interlocked.Increment(ref next); i < queries.Count; i = Interlocked.Increment(ref next))
            {
                cancellation.ThrowIfCancellationRequested();
                var count = index.Search(queries[i], new SearchEffort(effort), default(AllRows), -1, hits, out var _);
                handle(i, hits.AsSpan(0, count));
            }
        });
    }

    private delegate void HitsHandler(int query, ReadOnlySpan<ScoredRow> hits);
}
