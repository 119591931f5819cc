namespace Rag.Load.Scenarios;

/// <summary>What a scenario must keep to.</summary>
internal static class ScenarioRules
{
    private const double MaxRate = 1e7;
    private const double MaxSeconds = 7 * 86_400;

    public static List<string> Check(Scenario scenario)
    {
        var faults = new List<string>();
        Require(faults, scenario.Name.Length <= 64 && scenario.Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'),
            "name must be at most 64 letters, digits and dashes");
        Require(faults, scenario.WarmUpSeconds is >= 0 and <= MaxSeconds, "warmUpSeconds must be 0 or more");
        CheckData(scenario.Data, faults);
        Require(faults, scenario.Traffic.Count is >= 1 and <= 64, "traffic must name 1 to 64 kinds");
        Require(faults, scenario.Traffic.Select(traffic => traffic.Name).Distinct().Count() == scenario.Traffic.Count,
            "kinds of traffic must have different names");
        foreach (var traffic in scenario.Traffic)
            CheckTraffic(traffic, scenario.Data, faults);
        Require(faults, (scenario.Steps.Count > 0) != (scenario.Search is not null), "give either steps or search");
        foreach (var step in scenario.Steps)
            CheckStep(step, scenario, faults);
        if (scenario.Search is { } search)
        {
            Require(faults, search.FromRate > 0 && search.ToRate >= search.FromRate && search.ToRate <= MaxRate,
                "search: 0 < fromRate <= toRate");
            Require(faults, search.Factor is > 1 and <= 10, "search: factor must be above 1 and at most 10");
            Require(faults, search.Seconds is > 0 and <= MaxSeconds, "search: seconds must be above 0");
            Require(faults, search.Refinements is >= 0 and <= 10, "search: refinements must be 0 to 10");
        }

        if (scenario.Peak is { } peak)
        {
            Require(faults, scenario.Search is null, "peak: only with steps");
            Require(faults, peak.Clients is >= 1 and <= 100_000, "peak: clients must be 1 to 100,000");
            Require(faults, peak.Seconds is > 0 and <= MaxSeconds, "peak: seconds must be above 0");
            Require(faults, peak.Traffic.Length == 0 || scenario.Traffic.Exists(one => one.Name == peak.Traffic),
                $"peak: there is no traffic '{peak.Traffic}'");
        }

        foreach (var check in scenario.Checks)
            CheckCheck(check, scenario, faults);
        Require(faults, scenario.Restart is null or { Clients: >= 1 and <= 1000 }, "restart: clients must be 1 to 1,000");
        Require(faults, scenario.Restart is null || (scenario.Data is { Texts: false, Chunks: > 0 }), "restart: needs chunks with vectors");
        Require(faults, scenario.Events.All(one => one.AtSeconds is >= 0 and <= MaxSeconds), "events: atSeconds must be 0 or more");
        return faults;
    }

    private static void CheckData(DataSpec data, List<string> faults)
    {
        Require(faults, data.Workspaces is >= 1 and <= 100_000, "data: workspaces must be 1 to 100,000");
        Require(faults, data.Chunks is >= 0 and <= 10_000_000, "data: chunks must be 0 to 10,000,000");
        Require(faults, data.Dimension is >= 2 and <= 4096, "data: dimension must be 2 to 4,096");
    }

    private static void CheckTraffic(TrafficSpec traffic, DataSpec data, List<string> faults)
    {
        var at = $"traffic {traffic.Name}: ";
        Require(faults, traffic.FirstWorkspace >= 0 && traffic.Workspaces >= 0
            && traffic.FirstWorkspace + Math.Max(1, traffic.Workspaces) <= data.Workspaces,
            at + "its workspaces must be among those of the data");
        Require(faults, traffic.Zipf is >= 0 and <= 5, at + "zipf must be 0 to 5");
        Require(faults, traffic.Clients is >= 1 and <= 100_000, at + "clients must be 1 to 100,000");
        Require(faults, traffic.Connections is >= 1 and <= 50_000, at + "connections must be 1 to 50,000");
        Require(faults, traffic.Streams is >= 1 and <= 10_000, at + "streams must be 1 to 10,000");
        Require(faults, traffic.BatchSize is >= 1 and <= 1000, at + "batchSize must be 1 to 1,000");
        Require(faults, traffic.WriteSize is >= 1 and <= 1000, at + "writeSize must be 1 to 1,000");
        Require(faults, traffic.K is >= 1 and <= 10_000, at + "k must be 1 to 10,000");
        Require(faults, traffic.RecallTarget is 0 or (>= 0.5 and <= 1), at + "recallTarget must be 0.5 to 1, or 0");
        Require(faults, traffic.TimeoutMs is >= 1 and <= 3_600_000, at + "timeoutMs must be 1 to 3,600,000");
        Require(faults, traffic.Share is >= 0 and <= 1e6, at + "share must be 0 or more");
        Require(faults, traffic.Mix.Values.All(weight => weight >= 0) && traffic.Mix.Values.Sum() > 0,
            at + "mix must have weights of 0 or more, not all 0");
        var needsTexts = traffic.Mix.Any(part => part.Value > 0
            && part.Key is OperationKind.Text or OperationKind.Hybrid or OperationKind.Ingest);
        Require(faults, !needsTexts || data.Texts, at + "searches by text, hybrid ones and files need data with texts");
        Require(faults, data.Chunks > 0 || traffic.Mix.All(part => part.Value == 0 || part.Key is OperationKind.Ingest
            or OperationKind.Upsert or OperationKind.Text or OperationKind.Hybrid), at + "searches by vector need chunks");
    }

    private static void CheckStep(StepSpec step, Scenario scenario, List<string> faults)
    {
        Require(faults, step.Seconds is > 0 and <= MaxSeconds, "steps: seconds must be above 0");
        Require(faults, step.Rate is >= 0 and <= MaxRate && step.ToRate is null or (>= 0 and <= MaxRate),
            "steps: rate must be 0 or more");
        Require(faults, !step.Rates.Keys.Any(step.FixedRates.ContainsKey), "steps: give a traffic a rate or a fixed rate");
        foreach (var name in step.Rates.Keys.Concat(step.FixedRates.Keys))
        {
            Require(faults, scenario.Traffic.Any(traffic => traffic.Name == name),
                $"steps: there is no traffic '{name}' to give a rate to");
        }

        Require(faults, step.Rate > 0 || step.Rates.Values.Concat(step.FixedRates.Values).Any(rate => rate > 0)
            || scenario.Traffic.All(traffic => traffic.Arrivals == ArrivalKind.Closed),
            "steps: open-loop traffic needs a rate above 0");
    }

    private static void CheckCheck(CheckSpec check, Scenario scenario, List<string> faults)
    {
        var at = $"check {check.Kind}: ";
        var compares = check.Kind is CheckKind.P99Ratio or CheckKind.MemoryGrowthMib or CheckKind.RecallLoss;
        Require(faults, check.Steps.Count > 0 && check.Steps.Concat(check.Baseline).All(step => step >= 0 && step < scenario.Steps.Count),
            at + "its steps must be among the scenario's, counted from 0");
        Require(faults, compares == check.Baseline.Count > 0, at + (compares ? "it needs a baseline" : "it has no baseline"));
        Require(faults, check.Kind != CheckKind.GoodputOfPeak || scenario.Peak is not null, at + "the scenario measures no peak");
        Require(faults, check.Traffic.Length == 0 || scenario.Traffic.Exists(one => one.Name == check.Traffic),
            at + $"there is no traffic '{check.Traffic}'");
        Require(faults, check.AtMost is not null || check.AtLeast is not null, at + "give it atMost or atLeast");
    }

    private static void Require(List<string> faults, bool isKept, string fault)
    {
        if (!isKept)
            faults.Add(fault);
    }
}
