using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Rag.Load.Reports;
using Rag.Load.Running;
using Rag.Load.Scenarios;
using Rag.Load.Servers;
using Rag.Testing;

namespace Rag.Load.Tests;

/// <summary>Whole runs, with a server of the program's own.</summary>
public sealed partial class RunTests
{
    private const string Mixed =
        """
        {
          "name": "mixed", "description": "Everything but texts.",
          "data": { "workspaces": 3, "chunks": 300, "dimension": 32 },
          "traffic": [
            { "name": "search", "mix": { "vector": 3, "filtered": 1 }, "zipf": 1, "share": 4 },
            { "name": "stream", "calls": "stream", "share": 2 },
            { "name": "batch", "calls": "batch", "share": 2 },
            { "name": "write", "mix": { "upsert": 2, "delete": 1 } }
          ],
          "warmUpSeconds": 0.5,
          "steps": [ { "seconds": 1, "rate": 90 }, { "seconds": 1, "rate": 30, "toRate": 90 } ],
          "objective": { "maxErrorShare": 0, "minAchievedShare": 0, "minRecall": 0.9 }
        }
        """;

    [Fact]
    public async Task A_run_reports_what_became_of_each_kind_of_traffic()
    {
        var report = await RunAsync(ScenarioFile.Parse(Mixed, "mixed"));
        report.Best.Missed.ShouldBeEmpty();
        report.IsMet.ShouldBeTrue();
        report.Steps.Count.ShouldBe(2);
        foreach (var step in report.Steps)
        {
            step.Errors.ShouldBe(0);
            step.Traffic.Select(one => one.Name).ShouldBe(["search", "stream", "batch", "write"]);
            step.Traffic.ShouldAllBe(one => one.Count.Answered > 0);
            step.ServerMib.ShouldNotBeNull().ShouldBeGreaterThan(10);
        }

        report.Steps[0].Traffic[1].Recall.ShouldNotBeNull();
        using var json = JsonDocument.Parse(JsonReport.ToLine(report));
        JsonReport.ToLine(report).ShouldNotContain("\n");
        foreach (var key in new[] { "scenario", "offered_per_second", "achieved_per_second", "errors", "p50_ms", "p95_ms", "p99_ms", "p999_ms", "recall" })
            json.RootElement.TryGetProperty(key, out _).ShouldBeTrue(key);
        var page = HtmlReport.ToPage(report);
        page.ShouldContain("<svg");
        page.ShouldNotContain("<script");
        OutsideReference().IsMatch(page).ShouldBeFalse();
        using var text = new StringWriter();
        TextReport.Write(report, text);
        text.ToString().ShouldContain("stream");
    }

    [Fact]
    public async Task A_killed_server_is_started_again_with_what_it_had()
    {
        var scenario = ScenarioFile.Parse(
            """
            {
              "data": { "chunks": 50, "dimension": 8 },
              "traffic": [ { "name": "search", "arrivals": "constant" } ],
              "warmUpSeconds": 0,
              "steps": [ { "seconds": 1, "rate": 50 }, { "seconds": 3, "rate": 50 }, { "seconds": 3, "rate": 50 } ],
              "events": [ { "atSeconds": 3.5, "action": "kill" }, { "atSeconds": 3.6, "action": "start" } ],
              "objective": { "maxErrorShare": 1, "minAchievedShare": 0 }
            }
            """, "killed");
        var report = await RunAsync(scenario);
        report.Steps[0].Errors.ShouldBe(0);
        // How long a start takes is the machine's: at the end everything answers again, and finds what was written.
        report.Steps[2].Traffic[0].Count.AnsweredBySecond[2].ShouldBeGreaterThan(0);
        report.Steps[2].Traffic[0].Recall.ShouldBe(1);
    }

    [Fact]
    public async Task Another_generator_that_sends_the_recorded_search_is_answered_at_the_same_rate()
    {
        const int Seconds = 4;
        const double Rate = 150;
        var scenario = ScenarioFile.Parse(
            $$"""
            {
              "data": { "chunks": 200, "dimension": 64 },
              "traffic": [ { "arrivals": "constant", "connections": 1 } ],
              "warmUpSeconds": 1,
              "steps": [ { "seconds": {{Seconds}}, "rate": {{Rate.ToString(CultureInfo.InvariantCulture)}} } ]
            }
            """, "beside");
        using var folder = new TemporaryFolder();
        var body = folder.Combine("search.bin");
        await using var server = await OwnServer.StartAsync(scenario, folder.Combine("data"), TestContext.Current.CancellationToken);
        var report = await new ScenarioRunner(scenario, new RunOptions { Address = server.Address, RecordPath = body }, _ => { })
            .RunAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(90), TestContext.Current.CancellationToken);
        report.Best.Errors.ShouldBe(0);
        var total = (int)(Rate * Seconds);
        await using var other = ChildProcess.Start("h2load", [
            "-n", total.ToString(CultureInfo.InvariantCulture), "-c", "1", "-m", "32",
            "--rps", Rate.ToString(CultureInfo.InvariantCulture), "-d", body, "-H", "content-type: application/grpc",
            "-H", "te: trailers", $"{server.Address}rag.v1.SearchService/Search"]);
        await other.WaitForExitAsync(TimeSpan.FromSeconds(60));
        other.Output.ShouldContain($"{total} succeeded, 0 failed");
        var seconds = double.Parse(Finished().Match(other.Output).Groups[1].Value, CultureInfo.InvariantCulture);
        (report.Best.Achieved / (total / seconds)).ShouldBe(1, 0.15);
    }

    private static async Task<LoadReport> RunAsync(Scenario scenario) =>
        await new ScenarioRunner(scenario, new RunOptions(), _ => { }).RunAsync(TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);

    [GeneratedRegex("(src|href)\\s*=|url\\(")]
    private static partial Regex OutsideReference();

    [GeneratedRegex(@"finished in ([0-9.]+)s")]
    private static partial Regex Finished();
}
