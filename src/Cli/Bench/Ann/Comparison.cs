using System.Globalization;
using Rag.Cli.Bench.Peers;

namespace Rag.Cli.Bench.Ann;

/// <summary>
/// Measures engines against each other: builds one after the other, efforts by recall, then timed passes in turns, so
/// that what else the machine does hits all of them alike.
/// <code>
/// build A, build B, …      one at a time, with the threads that build
/// efforts of A, of B, …    the smallest that reaches each target
/// for each target:         A B C A B C A B C …   as many rounds as passes are asked for; medians count
/// </code>
/// A peer that fails keeps its error and takes no further part; our own failure is one of the run.
/// </summary>
internal sealed class Comparison(AnnBenchmarkOptions options, AnnRecall judge, int k, int rows, TextWriter progress)
{
    private const int CurvePoints = 10;
    private const double LeastCurveStep = 1.15;
    private const double LeastCurveGain = 0.001;

    private int BuildThreads => options.BuildThreads ?? options.Threads;

    /// <summary>Threads that passes are timed with: with several, one thread alone too, to show what the others gain.</summary>
    private int[] ThreadCounts => options.Threads > 1 ? [1, options.Threads] : [1];

    public async Task BuildAsync(Contestant contestant, CancellationToken cancellationToken)
    {
        await TryAsync(contestant, async engine =>
        {
            contestant.BuildSeconds = await engine.BuildAsync(BuildThreads, cancellationToken);
            Say($"{contestant.Name}: built in {contestant.BuildSeconds:0.0} s");
        });
    }

    public async Task MeasureAsync(IReadOnlyList<Contestant> contestants, CancellationToken cancellationToken)
    {
        foreach (var contestant in contestants)
            await TryAsync(contestant, engine => FindEffortsAsync(contestant, engine, cancellationToken));
        for (var target = 0; target < options.Targets.Count; target++)
            await TimeAsync(contestants, target, cancellationToken);
        if (options.PlotPath is not null)
            await TimeCurvesAsync(contestants, cancellationToken);
    }

    private async Task FindEffortsAsync(Contestant contestant, IAnnEngine engine, CancellationToken cancellationToken)
    {
        var search = new EffortSearch(engine, judge, k, rows, BuildThreads);
        contestant.Recalls = search.Recalls;
        foreach (var target in options.Targets)
            contestant.Efforts.Add(await search.ReachAsync(target, cancellationToken));
        Say($"{contestant.Name}: efforts {string.Join(", ", contestant.Efforts.Select(found => found.Effort))}");
    }

    private async Task TimeAsync(IReadOnlyList<Contestant> contestants, int target, CancellationToken cancellationToken)
    {
        for (var round = 0; round < options.Repeats; round++)
        {
            foreach (var contestant in contestants)
            {
                await TryAsync(contestant, async engine =>
                {
                    var found = contestant.Efforts[target];
                    if (!found.Reached)
                        return;
                    foreach (var threads in ThreadCounts)
                    {
                        var pass = await engine.TimeAsync(found.Effort, threads, options.ShortestPass, cancellationToken);
                        contestant.Keep(found.Target, threads, pass);
                    }
                });
            }
        }

        Say($"recall {options.Targets[target]:0.000}: timed in {options.Repeats} rounds");
    }

    private async Task TimeCurvesAsync(IReadOnlyList<Contestant> contestants, CancellationToken cancellationToken)
    {
        var efforts = contestants.ToDictionary(contestant => contestant, CurveEfforts);
        for (var point = 0; point < CurvePoints; point++)
        {
            foreach (var contestant in contestants.Where(contestant => point < efforts[contestant].Length))
            {
                await TryAsync(contestant, async engine =>
                {
                    var effort = efforts[contestant][point];
                    var pass = await engine.TimeAsync(effort, options.Threads, options.ShortestPass / 2, cancellationToken);
                    contestant.Curve.Add(new CurvePoint(contestant.Recalls[effort], pass.QueriesPerSecond, effort));
                });
            }
        }
    }

    // The efforts of the targets, and of the others that were tried those that lie well apart; not too many of them.
    private static int[] CurveEfforts(Contestant contestant)
    {
        var chosen = contestant.Efforts.Where(found => found.Reached).Select(found => found.Effort).ToHashSet();
        var shown = 0.0;
        foreach (var (effort, recall) in contestant.Recalls.OrderBy(tried => tried.Key))
        {
            // An engine that stops short of a target was tried with huge efforts, which take long and show nothing.
            if (recall - shown < LeastCurveGain)
                continue;
            shown = recall;
            if (chosen.All(other => Math.Max(other, effort) >= Math.Min(other, effort) * LeastCurveStep))
                chosen.Add(effort);
        }

        var apart = chosen.Order().ToArray();
        var count = Math.Min(apart.Length, CurvePoints);
        return [.. Enumerable.Range(0, count).Select(i => apart[i * (apart.Length - 1) / Math.Max(1, count - 1)])];
    }

    private async Task TryAsync(Contestant contestant, Func<IAnnEngine, Task> work)
    {
        if (contestant.Error is not null || contestant.Engine is not { } engine)
            return;
        try
        {
            await work(engine);
        }
        catch (PeerException failure)
        {
            contestant.Error = failure.Message;
            Say(failure.Message);
        }
    }

    private void Say(FormattableString line) => progress.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private void Say(string line) => progress.WriteLine(line);
}
