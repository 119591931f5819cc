using System.Diagnostics;
using Rag.Engine.Indexing;

namespace Rag.Cli.Bench.Ann.Filtered;

/// <summary>
/// Searches as users make them, by recall target: what recall the targets give, and what filters do to recall and speed.
/// The index is first asked the first half of the queries, as it would be in use; figures are of the second half.
/// </summary>
internal sealed class FilteredBenchmark(AnnBenchmarkOptions options, OwnIndex own, AnnMatrix<float> queries, int k)
{
    /// <summary>Rounds in which the index measures itself on what it was asked.</summary>
    private const int Rounds = 40;

    /// <summary>An exact search behind a filter reads full vectors: so many queries tell enough.</summary>
    private const int MaxJudged = 500;

    private readonly ScoredRow[] _hits = new ScoredRow[k];
    private readonly ScoredRow[] _exact = new ScoredRow[k];
    private readonly SearchPath[] _paths = Enum.GetValues<SearchPath>();

    /// <summary>Lets the index measure itself.</summary>
    public void Prepare(CancellationToken cancellationToken)
    {
        own.Index.Calibrate();
        for (var round = 0; round < Rounds; round++)
        {
            for (var query = 0; query < (queries.Count + 1) / 2; query++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                own.Index.Search(queries[query], default, default(AllRows), -1, _hits, out _);
            }

            own.Index.Calibrate();
        }
    }

    public IReadOnlyList<TargetResult> MeasureTargets(int[][] truth, CancellationToken cancellationToken)
    {
        var results = new List<TargetResult>();
        foreach (var target in options.RecallTargets)
        {
            var effort = new SearchEffort(RecallTarget: (float)target);
            var (found, wanted) = (0L, 0L);
            int[] asked = [.. Enumerable.Range(queries.Count / 2, queries.Count - queries.Count / 2)];
            foreach (var query in asked)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var count = own.Index.Search(queries[query], effort, default(AllRows), -1, _hits, out _);
                found += _hits.AsSpan(0, count).ToArray().Count(hit => truth[query].AsSpan(0, k).Contains(hit.Row));
                wanted += k;
            }

            var seconds = Enumerable.Range(0, options.Repeats)
                .Select(_ => Time(asked, effort, default(AllRows), -1, cancellationToken)).Order().ToArray();
            results.Add(new TargetResult(target, Math.Round(found / (double)wanted, 4),
                own.Index.MeasuredRecall(effort, k) is { } measured ? Math.Round(measured, 4) : null,
                Math.Round(asked.Length / seconds[seconds.Length / 2], 1)));
        }

        return results;
    }

    public IReadOnlyList<FilteredResult> MeasureFilters(CancellationToken cancellationToken)
    {
        var results = new List<FilteredResult>();
        foreach (var kind in options.FilterKinds)
        {
            foreach (var selectivity in options.FilterSelectivities)
                results.Add(Measure(BenchFilter.Create(kind, selectivity, own, queries, options.Metric), cancellationToken));
        }

        return results;
    }

    private FilteredResult Measure(BenchFilter filter, CancellationToken cancellationToken)
    {
        var (found, wanted, complete) = (0L, 0L, true);
        var paths = new int[_paths.Length];
        var judged = filter.Queries.Take(MaxJudged).ToList();
        foreach (var query in judged)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var most = own.Index.Search(
                queries[query], new SearchEffort(Exact: true), filter.Filter, filter.Accepted, _exact, out _);
            var count = own.Index.Search(queries[query], default, filter.Filter, filter.Accepted, _hits, out var counters);
            complete &= count == most;
            wanted += most;
            found += CountCommon(_exact.AsSpan(0, most), _hits.AsSpan(0, count));
            paths[(int)counters.Path]++;
        }

        // In turns, so that whatever else the machine does meets both.
        var (filtered, open) = (new List<double>(), new List<double>());
        for (var round = 0; round < options.Repeats; round++)
        {
            open.Add(Time(judged, default, default(AllRows), -1, cancellationToken));
            filtered.Add(Time(judged, default, filter.Filter, filter.Accepted, cancellationToken));
        }

        filtered.Sort();
        open.Sort();
        var (median, openMedian) = (filtered[filtered.Count / 2], open[open.Count / 2]);
        return new FilteredResult(
            filter.Kind.ToString().ToLowerInvariant(), filter.Selectivity, filter.Accepted,
            Math.Round(found / (double)Math.Max(1, wanted), 4), complete, Math.Round(judged.Count / median, 1),
            Math.Round(openMedian / median, 3), Share(SearchPath.Scan), Share(SearchPath.Walk),
            Share(SearchPath.FilteredWalk));

        double Share(SearchPath path) => Math.Round(paths[(int)path] / (double)judged.Count, 3);
    }

    private static int CountCommon(ReadOnlySpan<ScoredRow> exact, ReadOnlySpan<ScoredRow> hits)
    {
        var common = 0;
        foreach (var hit in hits)
        {
            foreach (var row in exact)
                common += row.Row == hit.Row ? 1 : 0;
        }

        return common;
    }

    /// <summary>Seconds of a pass over the queries on one pinned thread, at least as long as a pass has to be.</summary>
    private double Time<TFilter>(IReadOnlyList<int> asked, SearchEffort effort, TFilter filter, int accepted,
        CancellationToken cancellationToken)
        where TFilter : struct, IRowFilter
    {
        var seconds = 0.0;
        ThreadAffinity.RunPinned(1, () =>
        {
            var watch = Stopwatch.StartNew();
            var passes = 0;
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                foreach (var query in asked)
                    own.Index.Search(queries[query], effort, filter, accepted, _hits, out _);
                passes++;
            }
            while (watch.Elapsed < options.ShortestPass / 4);
            seconds = watch.Elapsed.TotalSeconds / passes;
        });
        return seconds;
    }
}
