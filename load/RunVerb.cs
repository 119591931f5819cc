using System.CommandLine;
using System.Net;
using Rag.Load.Reports;
using Rag.Load.Running;
using Rag.Load.Scenarios;

namespace Rag.Load;

/// <summary><c>rag load run SCENARIO</c>.</summary>
internal static class RunVerb
{
    private const int NotMet = 1;

    public static Command Create()
    {
        var scenario = new Argument<string>("SCENARIO") { Description = "Path of a scenario, or the name of one of load/scenarios." };
        var address = new Option<string?>("--address") { Description = "A running server. Default: one of our own, with fresh data." };
        var remote = new Option<bool>("--allow-remote") { Description = "Allow an address that is not on this machine." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object on one line: the best step that met its objective." };
        var html = new Option<string?>("--html") { Description = "Write the whole report as one HTML page.", HelpName = "FILE" };
        var data = new Option<string?>("--data") { Description = "Folder of a server of our own, kept.", HelpName = "FOLDER" };
        var seed = new Option<int>("--seed") { Description = "Seed of data and arrivals.", DefaultValueFactory = _ => 1 };
        var rate = new Option<double?>("--rate") { Description = "One step of this rate in place of the scenario's." };
        var seconds = new Option<double?>("--seconds") { Description = "Seconds of each step in place of the scenario's." };
        var record = new Option<string?>("--record") { Description = "Write the body of one search, for another load program.", HelpName = "FILE" };
        var verb = new Command("run", "Run a scenario and report what became of it. Exit code 1: an objective was missed.")
        {
            scenario, address, remote, json, html, data, seed, rate, seconds, record,
        };
        verb.SetAction(async (parsed, stop) =>
        {
            var read = Adapt(ScenarioFile.Read(parsed.GetValue(scenario)!), parsed.GetValue(rate), parsed.GetValue(seconds));
            var options = new RunOptions
            {
                Address = ParseAddress(parsed.GetValue(address), parsed.GetValue(remote)),
                DataFolder = parsed.GetValue(data),
                Seed = parsed.GetValue(seed),
                RecordPath = parsed.GetValue(record),
            };
            using var progress = new ProgressLine(parsed.InvocationConfiguration.Error);
            var report = await new ScenarioRunner(read, options, progress.Show).RunAsync(stop);
            progress.Clear();
            if (parsed.GetValue(html) is { } path)
                await File.WriteAllTextAsync(path, HtmlReport.ToPage(report), stop);
            if (parsed.GetValue(json))
                parsed.InvocationConfiguration.Output.WriteLine(JsonReport.ToLine(report));
            else
                TextReport.Write(report, parsed.InvocationConfiguration.Output);
            return report.IsMet ? 0 : NotMet;
        });
        return verb;
    }

    private static Scenario Adapt(Scenario scenario, double? rate, double? seconds)
    {
        if (rate is { } wanted)
        {
            var first = scenario.Steps.Count > 0 ? scenario.Steps[0] : new StepSpec { Seconds = scenario.Search!.Seconds };
            scenario = scenario with { Search = null, Peak = null, Checks = [], Steps = [first with { Rate = wanted, ToRate = null, Rates = [], FixedRates = [] }] };
        }

        if (seconds is { } length)
        {
            scenario = scenario with
            {
                Steps = scenario.Steps.ConvertAll(step => step with { Seconds = length }),
                Search = scenario.Search is { } search ? search with { Seconds = length } : null,
            };
        }

        var faults = ScenarioRules.Check(scenario);
        return faults.Count == 0 ? scenario : throw new ScenarioException($"So it cannot be run: {string.Join("; ", faults)}.");
    }

    /// <summary>A load program that can be pointed at anybody by a slip of the hand is a weapon.</summary>
    private static Uri? ParseAddress(string? text, bool allowsRemote)
    {
        if (text is null)
            return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new ScenarioException($"'{text}' is no address such as http://127.0.0.1:7700.");
        var isLoopback = address.IsLoopback
            || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip));
        return isLoopback || allowsRemote
            ? address
            : throw new ScenarioException($"{address.Host} is not this machine: add --allow-remote if you mean to load it.");
    }
}
