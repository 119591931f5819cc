using System.Globalization;
using System.Net;
using System.Text;
using Rag.Load.Running;

namespace Rag.Load.Reports;

/// <summary>The whole report as one HTML page that needs nothing else.</summary>
internal static class HtmlReport
{
    private const string Style =
        "body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;color:#1c2530;background:#fff}"
        + "h1{font-size:1.5rem;margin:0}p{margin:.3rem 0}table{border-collapse:collapse;width:100%;margin:1.2rem 0;font-size:13px}"
        + "th,td{text-align:right;padding:.3rem .5rem;border-bottom:1px solid #dfe4ea;white-space:nowrap}td{padding:.3rem .35rem}th{padding:.3rem .35rem;color:#5b6770;font-weight:600}"
        + "td:first-child,th:first-child{text-align:left}.bad{color:#b3261e}.ok{color:#2e7d32}.scroll{overflow-x:auto}"
        + "svg{width:100%;height:auto;margin:.6rem 0}svg .g{stroke:#e6eaee}svg text{font-size:12px;fill:#5b6770}"
        + "svg .t{font-size:14px;fill:#1c2530;font-weight:600}svg .y{text-anchor:end}svg .x,svg .l{text-anchor:middle}";

    private static readonly (double Share, string Text)[] Percentiles =
        [(0.5, "p50"), (0.9, "p90"), (0.95, "p95"), (0.99, "p99"), (0.995, "p99.5"), (0.999, "p99.9"), (0.9999, "p99.99")];

    public static string ToPage(LoadReport report)
    {
        var page = new StringBuilder();
        var title = WebUtility.HtmlEncode(report.Scenario.Name);
        page.Append($"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Load: {title}</title>"
            + $"<meta name=\"viewport\" content=\"width=device-width\"><style>{Style}</style></head><body>");
        page.Append($"<h1>{title}</h1><p>{WebUtility.HtmlEncode(report.Scenario.Description)}</p>");
        page.Append(Text($"<p>{WebUtility.HtmlEncode(report.Machine)} · {report.Time:yyyy-MM-dd HH:mm} UTC</p>"));
        page.Append(report.Best.IsMet
            ? Text($"<p class=\"ok\">Best step that met the objective: {report.Best.Achieved:N0} a second.</p>")
            : "<p class=\"bad\">No step met the objective.</p>");
        WriteTable(report, page);
        foreach (var check in report.Checks)
            page.Append($"<p class=\"{(check.IsMet ? "ok" : "bad")}\">{WebUtility.HtmlEncode(check.Text)}</p>");
        page.Append(LatencyChart(report).ToSvg());
        page.Append(OverTime(report, "Answered a second", one => one.Count.AnsweredBySecond).ToSvg());
        page.Append(OverTime(report, "Errors a second", one => one.Count.FailedBySecond).ToSvg());
        return page.Append("</body></html>\n").ToString();
    }

    private static void WriteTable(LoadReport report, StringBuilder page)
    {
        page.Append("<div class=\"scroll\"><table><tr><th>traffic</th><th>offered/s</th><th>achieved/s</th><th>errors</th>");
        foreach (var (_, text) in Percentiles)
            page.Append($"<th>{text} ms</th>");
        page.Append("<th>recall</th><th>server MiB</th><th>server cores</th></tr>");
        foreach (var step in report.Steps)
        {
            foreach (var one in step.Traffic)
            {
                page.Append(Text($"<tr><td>{WebUtility.HtmlEncode(one.Name)}{(step.IsMet ? "" : " <span class=bad>✗</span>")}</td>"));
                page.Append(Text($"<td>{one.OfferedPerSecond:N0}</td><td>{one.AchievedPerSecond:N0}</td><td>{one.Count.Failed:N0}</td>"));
                foreach (var (share, _) in Percentiles)
                    page.Append(Text($"<td>{one.PercentileMs(share):0.00}</td>"));
                page.Append(Text($"<td>{one.Recall:0.000}</td><td>{step.ServerMib:N0}</td><td>{step.ServerCores:0.00}</td></tr>"));
            }
        }

        page.Append("</table></div>");
        foreach (var missed in report.Steps.SelectMany(step => step.Missed).Distinct())
            page.Append($"<p class=\"bad\">{WebUtility.HtmlEncode(missed)}</p>");
        foreach (var error in report.Steps.SelectMany(step => step.Traffic).SelectMany(one => one.Count.Errors).DistinctBy(error => error.Key))
            page.Append($"<p class=\"bad\">{WebUtility.HtmlEncode(error.Key)}: {WebUtility.HtmlEncode(error.Value.Example)}</p>");
    }

    // By nines, so that the tail has its room.
    private static SvgChart LatencyChart(LoadReport report)
    {
        var chart = new SvgChart("Latency by percentile, from the moment at which each was due", "", "milliseconds", isLogY: true);
        foreach (var (share, text) in Percentiles)
            chart.Marks.Add((-Math.Log10(1 - share), text));
        foreach (var (step, one) in Shown(report))
        {
            chart.Add(Name(report, step, one), Percentiles.Select(percentile =>
                (-Math.Log10(1 - percentile.Share), Math.Max(0.01, one.PercentileMs(percentile.Share)))));
        }

        return chart;
    }

    private static SvgChart OverTime(LoadReport report, string title, Func<TrafficResult, int[]> counts)
    {
        var chart = new SvgChart(title, "seconds", "a second", isLogY: false);
        foreach (var name in report.Scenario.Traffic.Select(traffic => traffic.Name))
        {
            var points = new List<(double, double)>();
            var second = 0;
            foreach (var step in report.Steps)
            {
                var one = step.Traffic.First(traffic => traffic.Name == name);
                points.AddRange(counts(one).Take((int)Math.Ceiling(one.Seconds)).Select(count => ((double)second++, (double)count)));
            }

            chart.Add(name, points);
        }

        return chart;
    }

    private static IEnumerable<(StepResult Step, TrafficResult One)> Shown(LoadReport report) => report.Steps
        .SelectMany(step => step.Traffic.Select(one => (step, one))).TakeLast(8);

    private static string Name(LoadReport report, StepResult step, TrafficResult one) => report.Scenario.Traffic.Count > 1
        ? Text($"{one.Name} {one.OfferedPerSecond:N0}/s")
        : Text($"{step.Offered:N0}/s");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
