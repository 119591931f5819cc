using System.CommandLine;
using Rag.Cli.Bench.Start;
using Rag.Cli.Options;
using Rag.Cli.Output;

namespace Rag.Cli.Verbs;

/// <summary><c>rag bench start</c>.</summary>
internal static class BenchStartVerb
{
    public static Command Create(Terminal terminal)
    {
        var defaults = new StartOptions();
        var vectors = new Option<int>("--vectors") { Description = "Vectors in the store.", DefaultValueFactory = _ => defaults.Vectors };
        var dim = new Option<int>("--dim") { Description = "Components of a vector.", DefaultValueFactory = _ => defaults.Dim };
        var seed = new Option<int>("--seed") { Description = "Seed of the vectors.", DefaultValueFactory = _ => defaults.Seed };
        var folder = new Option<string?>("--folder")
        {
            Description = "Folder of the store, kept and reused. Default: one that is deleted at the end.",
            HelpName = "FOLDER",
        };
        var buildThreads = new Option<int>("--build-threads") { Description = "Threads that build.", DefaultValueFactory = _ => defaults.BuildThreads };
        var windows = new Option<int>("--windows")
        {
            Description = "Groups of windows without and with a checkpoint; 0 for none.",
            DefaultValueFactory = _ => defaults.Windows,
        };
        var windowSeconds = new Option<double>("--window-seconds") { Description = "Length of a window.", DefaultValueFactory = _ => defaults.WindowSeconds };
        var load = new Option<double>("--load") { Description = "Searches a second as a share of what is possible.", DefaultValueFactory = _ => defaults.Load };
        var writeRate = new Option<int>("--write-rate") { Description = "Upserts a second meanwhile.", DefaultValueFactory = _ => defaults.WriteRate };
        var json = JsonOption.Create("Print one JSON object.");
        var verb = new Verb(
            "start", "Show how soon a large store answers after a start, and what checkpoints do to searches.",
            "rag bench start --vectors 100000 --windows 3 --window-seconds 5 --json")
        {
            vectors, dim, seed, folder, buildThreads, windows, windowSeconds, load, writeRate, json,
        };
        verb.SetAction(async (parsed, stop) =>
        {
            var options = new StartOptions
            {
                Vectors = parsed.GetValue(vectors),
                Dim = parsed.GetValue(dim),
                Seed = parsed.GetValue(seed),
                Folder = parsed.GetValue(folder),
                BuildThreads = parsed.GetValue(buildThreads),
                Windows = parsed.GetValue(windows),
                WindowSeconds = parsed.GetValue(windowSeconds),
                Load = parsed.GetValue(load),
                WriteRate = parsed.GetValue(writeRate),
                Json = parsed.GetValue(json),
            };
            await StartBenchmark.RunAsync(options, terminal.Out, stop);
            return ExitCode.Ok;
        });
        return verb;
    }
}
