using System.Globalization;

namespace Rag.Load.Reports;

/// <summary>The report for people at a terminal.</summary>
internal static class TextReport
{
    public static void Write(LoadReport report, TextWriter output)
    {
        var culture = CultureInfo.InvariantCulture;
        output.WriteLine($"{report.Scenario.Name}: {report.Scenario.Description}");
        output.WriteLine(report.Machine);
        if (report.First is { } first)
        {
            output.WriteLine(string.Create(culture,
                $"started again in {report.StartSeconds:0.00} s; first search of each workspace: p50 {Ms(first, 0.5):0.00} ms, "
                + $"p99 {Ms(first, 0.99):0.00} ms, longest {Ms(first, 1):0.00} ms, {first.Failed:N0} failed; then {first.ServerMib:N0} MiB"));
        }

        output.WriteLine("   offered/s  achieved/s   errors     p50 ms     p95 ms     p99 ms   p99.9 ms   recall  traffic");
        foreach (var step in report.Steps)
        {
            foreach (var one in step.Traffic)
            {
                output.WriteLine(string.Create(culture,
                    $"  {one.OfferedPerSecond,10:N0}  {one.AchievedPerSecond,10:N0}  {one.Count.Failed,7:N0}  {one.PercentileMs(0.5),9:0.00}  "
                    + $"{one.PercentileMs(0.95),9:0.00}  {one.PercentileMs(0.99),9:0.00}  {one.PercentileMs(0.999),9:0.00}  "
                    + $"{(one.Recall is { } recall ? recall.ToString("0.000", culture) : "-"),7}  {one.Name}"));
                foreach (var (kind, (count, example)) in one.Count.Errors)
                    output.WriteLine(string.Create(culture, $"              {count,7:N0} {kind}: {example}"));
            }

            if (step.ServerMib is { } mib)
            {
                output.WriteLine(string.Create(culture,
                    $"              server {mib:N0} MiB, {step.ServerCores:0.00} cores; load program {step.LoadCores:0.00} cores"));
            }

            foreach (var missed in step.Missed)
                output.WriteLine($"              missed: {missed}");
        }

        if (report.Peak is { } peak)
            output.WriteLine(string.Create(culture, $"peak: {peak:N0}/s"));
        foreach (var check in report.Checks)
            output.WriteLine(check.Text);
        var best = report.Best;
        output.WriteLine(best.IsMet
            ? string.Create(culture, $"best step that met the objective: {best.Achieved:N0}/s")
            : "no step met the objective");
    }

    private static double Ms(Running.FirstSearchResult first, double share) => first.Latencies.Percentile(share).TotalMilliseconds;
}
