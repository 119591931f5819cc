using System.CommandLine;
using Rag.Cli.Bench.Refine;
using Rag.Cli.Options;
using Rag.Cli.Output;

namespace Rag.Cli.Verbs;

/// <summary><c>rag bench refine</c>.</summary>
internal static class BenchRefineVerb
{
    public static Command Create(Terminal terminal)
    {
        var defaults = new RefineOptions();
        var chunks = new Option<int>("--chunks") { Description = "Chunks of the workspace.", DefaultValueFactory = _ => defaults.Chunks };
        var words = new Option<int>("--words") { Description = "Words of a chunk.", DefaultValueFactory = _ => defaults.Words };
        var windows = new Option<int>("--windows")
        {
            Description = "Groups of windows: without refinement, again without, and with it.",
            DefaultValueFactory = _ => defaults.Windows,
        };
        var windowSeconds = new Option<double>("--window-seconds") { Description = "Length of a window.", DefaultValueFactory = _ => defaults.WindowSeconds };
        var load = new Option<double>("--load") { Description = "Searches a second as a share of what is possible.", DefaultValueFactory = _ => defaults.Load };
        var seed = new Option<int>("--seed") { Description = "Seed of the texts.", DefaultValueFactory = _ => defaults.Seed };
        var json = JsonOption.Create("Print one JSON object.");
        var verb = new Verb(
            "refine", "Show what refining vectors in the background does to searches.",
            "rag bench refine --chunks 5000 --windows 3 --window-seconds 5 --json")
        {
            chunks, words, windows, windowSeconds, load, seed, json,
        };
        verb.SetAction(async (parsed, stop) =>
        {
            var options = new RefineOptions
            {
                Chunks = parsed.GetValue(chunks),
                Words = parsed.GetValue(words),
                Windows = parsed.GetValue(windows),
                WindowSeconds = parsed.GetValue(windowSeconds),
                Load = parsed.GetValue(load),
                Seed = parsed.GetValue(seed),
                Json = parsed.GetValue(json),
            };
            await RefineBenchmark.RunAsync(options, terminal.Out, stop);
            return ExitCode.Ok;
        });
        return verb;
    }
}
