using Grpc.Core;
using Rag.Load.Data;
using Rag.Load.Driving;
using Rag.Load.Reports;
using Rag.Load.Running;
using Rag.Load.Scenarios;
using Rag.Load.Servers;
using Rag.V1;

namespace Rag.Load.Tests;

/// <summary>A real server that is sent a multiple of what it can do.</summary>
public sealed class OverloadTests
{
    // Five times what was measured a moment ago is too much on a machine that does other things meanwhile, too; how much is
    // served then is the scenario's to measure, on a machine of its own: here it is only not next to nothing.
    private static readonly Scenario Flood = ScenarioFile.Parse(
        """
        {
          "data": { "workspaces": 2, "chunks": 1000, "dimension": 32 },
          "server": { "Router": { "Overload": { "Interval": "00:00:00.100" } } },
          "traffic": [ { "name": "search", "mix": { "filtered": 1 }, "k": 150, "timeoutMs": 20000, "connections": 4 } ],
          "warmUpSeconds": 1,
          "peak": { "clients": 16, "seconds": 1 },
          "steps": [ { "seconds": 1, "rate": 0.3 }, { "seconds": 3, "rate": 5 } ],
          "objective": { "maxErrorShare": 1, "minAchievedShare": 0 },
          "checks": [
            { "kind": "goodputOfPeak", "steps": [1], "atLeast": 0.05 },
            { "kind": "otherErrorShare", "steps": [1], "atMost": 0 }
          ]
        }
        """, "flood");

    [Fact]
    public async Task Past_its_capacity_a_server_serves_on_refuses_the_rest_with_a_retry_delay_and_recovers()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var server = await OwnServer.StartAsync(Flood, null, stop);
        var before = ProcessUsage.Of(server.ProcessId)!.Value.ResidentMib;
        var running = new ScenarioRunner(Flood, new RunOptions { Address = server.Address }, _ => { })
            .RunAsync(stop).WaitAsync(TimeSpan.FromSeconds(120), stop);
        var refusal = await RefusalAsync(server.Address, running, stop);
        var report = await running;

        var flood = report.Steps[1].Traffic[0].Count;
        flood.Errors.Keys.ShouldBe(["ResourceExhausted"]);
        foreach (var check in report.Checks)
            check.IsMet.ShouldBeTrue(check.Text);
        (ProcessUsage.Of(server.ProcessId)!.Value.ResidentMib - before).ShouldBeLessThan(512);
        refusal.ShouldNotBeNull("somebody was refused");
        long.Parse(refusal.Trailers.GetValue("retry-after-ms").ShouldNotBeNull()).ShouldBeInRange(500, 1500);
        refusal.Trailers.GetValueBytes("grpc-status-details-bin").ShouldNotBeNull();
        // It is as before: what comes now is answered, all of it.
        using var connections = new Connections(server.Address, 1);
        var client = new SearchService.SearchServiceClient(connections.Invokers[0]);
        for (var i = 0; i < 20; i++)
            (await client.SearchAsync(Query(), deadline: DateTime.UtcNow.AddSeconds(20), cancellationToken: stop)).Hits.Count.ShouldBe(10);
        using var text = new StringWriter();
        TextReport.Write(report, text);
        text.ToString().ShouldContain("goodput of peak");
        JsonReport.ToLine(report).ShouldContain("\"peak_per_second\"");
    }

    [Fact]
    public void More_connections_than_there_may_be_files_are_refused_with_a_sentence_that_says_what_to_do()
    {
        OpenFiles.Check(10_000, 20_000);
        Should.Throw<ScenarioException>(() => OpenFiles.Check(10_000, 1024)).Message.ShouldContain("ulimit -n 10256");
    }

    [Theory]
    [InlineData("\"checks\": [ { \"kind\": \"p99Ratio\", \"steps\": [0], \"atMost\": 2 } ]", "baseline")]
    [InlineData("\"checks\": [ { \"kind\": \"goodputOfPeak\", \"steps\": [0], \"atLeast\": 1 } ]", "peak")]
    [InlineData("\"checks\": [ { \"kind\": \"recoverySeconds\", \"steps\": [7], \"atMost\": 1 } ]", "among")]
    [InlineData("\"checks\": [ { \"kind\": \"recoverySeconds\", \"steps\": [0] } ]", "atMost")]
    [InlineData("\"peak\": { \"traffic\": \"nobody\" }", "nobody")]
    public void A_check_that_cannot_be_made_is_refused_before_the_run(string part, string word) =>
        Should.Throw<ScenarioException>(() => ScenarioFile.Parse(
            $$"""{ "steps": [ { "seconds": 1, "rate": 1 } ], {{part}} }""", "odd")).Message.ShouldContain(word);

    // The first search of ours that is refused while the others run; null if none was.
    private static async Task<RpcException?> RefusalAsync(Uri address, Task running, CancellationToken stop)
    {
        using var connections = new Connections(address, 1);
        var client = new SearchService.SearchServiceClient(connections.Invokers[0]);
        while (!running.IsCompleted)
        {
            try
            {
                await client.SearchAsync(Query(), deadline: DateTime.UtcNow.AddSeconds(20), cancellationToken: stop);
            }
            catch (RpcException refused) when (refused.StatusCode == StatusCode.ResourceExhausted)
            {
                return refused;
            }
            catch (RpcException early) when (early.StatusCode is StatusCode.NotFound or StatusCode.Unavailable)
            {
                // The data is not written yet.
            }

            await Task.Delay(2, stop);
        }

        return null;
    }

    private static SearchRequest Query() => new()
    {
        Workspace = Corpus.WorkspaceName(0), Vector = new Vector { Dense = new DenseVector { Values = { Enumerable.Repeat(1f, 32) } } }, K = 10,
    };
}
