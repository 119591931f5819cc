using System.Diagnostics;
using Rag.Load.Data;
using Rag.Load.Driving;
using Rag.Load.Measuring;
using Rag.Load.Scenarios;
using Rag.Load.Servers;

namespace Rag.Load.Running;

/// <summary>Runs all traffic of a scenario for some seconds and counts what became of it.</summary>
internal sealed class StepRunner(
    Scenario scenario, Corpus corpus, Uri address, IReadOnlyList<TrafficDriver> drivers, Func<int?> server, Action<string> progress)
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    /// <param name="isCounted">False for a warm-up: nothing is checked.</param>
    public async Task<StepResult> RunAsync(StepSpec step, bool isCounted, CancellationToken cancellationToken)
    {
        var own = Process.GetCurrentProcess().TotalProcessorTime;
        var before = ProcessUsage.Of(server());
        var began = Stopwatch.GetTimestamp() + Stopwatch.Frequency / 100;
        var shares = scenario.Traffic.Where(one => !step.Rates.ContainsKey(one.Name) && one.Arrivals != ArrivalKind.Closed)
            .Sum(one => one.Share);
        var running = drivers.Select(driver =>
        {
            var meter = new TrafficMeter(began, step.Seconds);
            var (from, to) = Rates(step, driver.Traffic, shares);
            return (Driver: driver, Meter: meter, Task: driver.RunAsync(from, to, step.Seconds, meter, cancellationToken));
        }).ToList();
        var all = Task.WhenAll(running.Select(one => one.Task));
        await ReportAsync(all, running.ConvertAll(one => one.Meter), step, began);
        await all;
        var after = ProcessUsage.Of(server());
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var cores = (Process.GetCurrentProcess().TotalProcessorTime - own).TotalSeconds / seconds;
        var results = new List<TrafficResult>();
        var check = new RecallCheck(corpus, address, drivers.All(static driver => driver.IsReadOnly));
        foreach (var (driver, meter, _) in running)
        {
            var count = meter.Read();
            var recall = isCounted ? await check.RunAsync(driver, count, cancellationToken) : null;
            results.Add(new TrafficResult(driver.Traffic.Name, count, step.Seconds, recall));
        }

        return new StepResult
        {
            Step = step,
            Traffic = results,
            ServerMib = after?.ResidentMib,
            // A server that was started again meanwhile begins at nothing.
            ServerCores = after?.CpuSeconds - before?.CpuSeconds is { } used and >= 0 ? used / seconds : null,
            LoadCores = cores,
            Missed = Objective.Missed(scenario.Objective, results),
        };
    }

    private static (double From, double To) Rates(StepSpec step, TrafficSpec traffic, double shares)
    {
        if (step.Rates.TryGetValue(traffic.Name, out var own))
            return (own, own);
        var share = shares > 0 ? traffic.Share / shares : 0;
        return (step.Rate * share, (step.ToRate ?? step.Rate) * share);
    }

    private async Task ReportAsync(Task all, List<TrafficMeter> meters, StepSpec step, long began)
    {
        while (await Task.WhenAny(all, Task.Delay(ProgressInterval)) != all)
        {
            var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
            var counts = meters.ConvertAll(meter => meter.Read());
            var answered = counts.Sum(count => count.Answered);
            var p99 = counts.Max(count => count.Latencies.Percentile(0.99).TotalMilliseconds);
            var failed = counts.Sum(count => count.Failed);
            progress(FormattableString.Invariant(
                $"{Math.Min(elapsed, step.Seconds):0} of {step.Seconds:0} s   {answered / Math.Max(0.1, elapsed):N0}/s   p99 {p99:0.0} ms   {failed:N0} failed"));
        }
    }
}
