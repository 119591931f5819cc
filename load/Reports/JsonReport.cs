using System.Text.Json;
using Rag.Cli.Bench;
using Rag.Load.Running;

namespace Rag.Load.Reports;

/// <summary>The best step as one JSON object on one line.</summary>
internal static class JsonReport
{
    public static string ToLine(LoadReport report)
    {
        var best = report.Best;
        var all = new LatencyHistogram();
        foreach (var one in best.Traffic)
            all.Add(one.Count.Latencies);
        var recalls = best.Traffic.Where(one => one.Recall is not null).ToList();
        return JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["scenario"] = report.Scenario.Name,
            ["offered_per_second"] = Round(best.Offered),
            ["achieved_per_second"] = Round(best.Achieved),
            ["errors"] = best.Errors,
            ["p50_ms"] = Ms(all, 0.5),
            ["p95_ms"] = Ms(all, 0.95),
            ["p99_ms"] = Ms(all, 0.99),
            ["p999_ms"] = Ms(all, 0.999),
            ["recall"] = recalls.Count == 0 ? null : Round(recalls.Min(one => one.Recall!.Value)),
            ["met"] = report.IsMet,
            ["missed"] = best.Missed,
            ["steps"] = report.Steps.Count,
            ["server_rss_mib"] = best.ServerMib is { } mib ? Round(mib) : null,
            ["server_cores"] = best.ServerCores is { } cores ? Round(cores) : null,
            ["load_cores"] = Round(best.LoadCores),
            ["start_seconds"] = report.StartSeconds is { } start ? Round(start) : null,
            ["peak_per_second"] = report.Peak is { } peak ? Round(peak) : null,
            ["checks"] = report.Checks.Select(check => new Dictionary<string, object?>
            {
                ["check"] = check.Name,
                ["traffic"] = check.Check.Traffic,
                ["value"] = check.Value is { } value ? Round(value) : null,
                ["at_most"] = check.Check.AtMost,
                ["at_least"] = check.Check.AtLeast,
                ["met"] = check.IsMet,
            }).ToList(),
            ["first_p50_ms"] = report.First is { } p50 ? Ms(p50.Latencies, 0.5) : null,
            ["first_p99_ms"] = report.First is { } p99 ? Ms(p99.Latencies, 0.99) : null,
            ["first_max_ms"] = report.First is { } max ? Ms(max.Latencies, 1) : null,
            ["first_errors"] = report.First?.Failed,
            ["first_rss_mib"] = report.First?.ServerMib is { } resident ? Round(resident) : null,
            ["machine"] = report.Machine,
            ["traffic"] = best.Traffic.Select(ToObject).ToList(),
        });
    }

    private static Dictionary<string, object?> ToObject(TrafficResult one) => new()
    {
        ["name"] = one.Name,
        ["offered_per_second"] = Round(one.OfferedPerSecond),
        ["achieved_per_second"] = Round(one.AchievedPerSecond),
        ["errors"] = one.Count.Failed,
        ["p50_ms"] = Ms(one.Count.Latencies, 0.5),
        ["p95_ms"] = Ms(one.Count.Latencies, 0.95),
        ["p99_ms"] = Ms(one.Count.Latencies, 0.99),
        ["p999_ms"] = Ms(one.Count.Latencies, 0.999),
        ["recall"] = one.Recall,
        ["error_kinds"] = one.Count.Errors.ToDictionary(error => error.Key, error => error.Value.Count),
    };

    private static double Ms(LatencyHistogram latencies, double share) => Round(latencies.Percentile(share).TotalMilliseconds);

    private static double Round(double value) => Math.Round(value, 3);
}
