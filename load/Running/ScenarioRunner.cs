using Rag.Client;
using Rag.Load.Data;
using Rag.Load.Driving;
using Rag.Load.Reports;
using Rag.Load.Scenarios;
using Rag.Load.Servers;

namespace Rag.Load.Running;

/// <summary>
/// Runs a scenario: <c>server → data → restart and first searches, if wanted → warm-up → steps → report</c>.
/// </summary>
internal sealed class ScenarioRunner(Scenario scenario, RunOptions options, Action<string> progress)
{
    /// <exception cref="ScenarioException">The server does not start, or cannot do what the scenario wants.</exception>
    public async Task<LoadReport> RunAsync(CancellationToken cancellationToken)
    {
        if (options.Address is not null && (scenario.Events.Count > 0 || scenario.Restart is not null))
            throw new ScenarioException("The scenario kills and starts its server: run it without --address.");
        OpenFiles.Check(scenario.Traffic.Sum(traffic => traffic.Connections));
        await using var server = options.Address is null
            ? await OwnServer.StartAsync(scenario, options.DataFolder, cancellationToken)
            : null;
        var address = options.Address ?? server!.Address;
        var corpus = new Corpus(scenario.Data, options.Seed);
        await LoadAsync(address, corpus, cancellationToken);
        var first = scenario.Restart is { } restart
            ? await new FirstSearches(scenario, restart, corpus, options.Seed, progress).RunAsync(server!, cancellationToken)
            : null;
        var drivers = new List<TrafficDriver>();
        try
        {
            foreach (var (traffic, number) in scenario.Traffic.Select((traffic, number) => (traffic, number)))
            {
                var seed = options.Seed + 1000 * (number + 1);
                drivers.Add(new TrafficDriver(traffic, new Operations(traffic, corpus, address, seed), seed));
            }

            if (options.RecordPath is { } path)
                RequestRecord.Write(path, drivers[0].Operations, options.Seed);
            var steps = new StepRunner(scenario, corpus, address, drivers, () => server?.ProcessId, progress);
            if (scenario.Peak is null)
                await WarmUpAsync(steps, cancellationToken);
            var peak = scenario.Peak is { } wanted ? await MeasurePeakAsync(wanted, scenario.WarmUpSeconds, drivers, cancellationToken) : (double?)null;
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var events = server is null ? Task.CompletedTask : ServerEvents.RunAsync(server, scenario.Events, progress, ended.Token);
            var results = scenario.Search is { } search
                ? await new RateSearch(search, steps, progress).RunAsync(cancellationToken)
                : await RunStepsAsync(steps, peak ?? 1, cancellationToken);
            // What is fast from the second minute on would else make the share look better than it is.
            if (scenario.Peak is { } again)
                peak = Math.Max(peak!.Value, await MeasurePeakAsync(again, 0, drivers, cancellationToken));
            await ended.CancelAsync();
            await events;
            return new LoadReport(scenario, results, address, server?.StartSeconds, first)
            {
                Peak = peak, Checks = Checks.Run(scenario, results, peak),
            };
        }
        finally
        {
            foreach (var driver in drivers)
                await driver.Operations.DisposeAsync();
        }
    }

    private async Task LoadAsync(Uri address, Corpus corpus, CancellationToken cancellationToken)
    {
        await using var client = RagClient.Connect(address.ToString(), new RagClientOptions { Timeout = TimeSpan.FromMinutes(5) });
        await DataLoader.LoadAsync(
            client, corpus, new Progress<double>(share => progress(FormattableString.Invariant($"writing data: {share:0%}"))),
            cancellationToken);
    }

    private async Task WarmUpAsync(StepRunner steps, CancellationToken cancellationToken)
    {
        if (scenario.WarmUpSeconds <= 0)
            return;
        progress("warming up");
        var first = scenario.Steps.Count > 0 ? scenario.Steps[0] : new StepSpec { Rate = scenario.Search!.FromRate };
        await steps.RunAsync(first.Times(1) with { Seconds = scenario.WarmUpSeconds, ToRate = null }, isCounted: false, cancellationToken);
    }

    /// <summary>Answers a second; it warms up by the same callers.</summary>
    private async Task<double> MeasurePeakAsync(
        PeakSpec peak, double warmUpSeconds, List<TrafficDriver> drivers, CancellationToken cancellationToken)
    {
        var driver = peak.Traffic.Length == 0 ? drivers[0] : drivers.Single(one => one.Traffic.Name == peak.Traffic);
        progress("measuring the peak");
        if (warmUpSeconds > 0)
            await driver.MeasureAsync(peak.Clients, warmUpSeconds, cancellationToken);
        var rate = await driver.MeasureAsync(peak.Clients, peak.Seconds, cancellationToken);
        progress(FormattableString.Invariant($"peak: {rate:N0}/s"));
        return rate > 0 ? rate : throw new ScenarioException("The server answers nothing, so it has no peak.");
    }

    private async Task<List<StepResult>> RunStepsAsync(StepRunner steps, double unit, CancellationToken cancellationToken)
    {
        var results = new List<StepResult>();
        foreach (var step in scenario.Steps)
            results.Add(await steps.RunAsync(step.Times(unit), isCounted: true, cancellationToken));
        return results;
    }
}

/// <summary>How a scenario is run.</summary>
internal sealed record RunOptions
{
    /// <summary>A running server; null: one of our own.</summary>
    public Uri? Address { get; init; }

    /// <summary>Folder of a server of our own, kept; null: a temporary one.</summary>
    public string? DataFolder { get; init; }

    public int Seed { get; init; } = 1;

    /// <summary>Where to write one search as bytes, for another load generator; null: nowhere.</summary>
    public string? RecordPath { get; init; }
}
