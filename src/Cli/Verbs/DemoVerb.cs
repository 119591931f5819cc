using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging;
using Rag.Cli.Composition;
using Rag.Cli.Demo;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Verbs;

/// <summary><c>rag demo [FOLDER] [--exit]</c>.</summary>
internal static class DemoVerb
{
    private const int Port = 7700;

    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<string?>("FOLDER")
        {
            Description = "Documents of yours. Default: the documents and sources of this repository.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var exit = new Option<bool>("--exit") { Description = "Stop after the searches instead of serving on." };
        var query = new Option<string[]>("--query", "-q") { Description = "Search for this; as often as you like.", HelpName = "TEXT" };
        var port = new Option<int?>("--port", "-p") { Description = $"Port on loopback. Default: {Port}, or any free one." };
        var encoder = EncoderOption.Create(
            "Encoder of the passages: lookup is hundreds of times faster, full better.", Encoder.Lookup);
        var data = DataOption.Create();
        var verb = new Verb(
            "demo", "Start everything, take a folder in, search it, and serve on.",
            "rag demo", "rag demo ~/handbook --query 'how do I claim travel costs?'", "rag demo ~/handbook --encoder full --exit")
        {
            folder, exit, query, port, encoder, data,
        };
        verb.SetAction(async (parsed, stop) =>
        {
            var files = DemoFiles.Find(parsed.GetValue(folder));
            var dataFolder = DataFolder.Resolve(parsed.GetValue(data));
            var dataArgument = parsed.GetValue(data) is null ? "" : $" --data {dataFolder.Path}";
            var queries = parsed.GetValue(query) ?? [];
            if (InstanceFile.Find(dataFolder) is { } running)
            {
                await using var client = RagClient.Connect(running.Address);
                var guest = new DemoScript(terminal, client);
                terminal.Out.WriteLine($"An engine serves {dataFolder.Path} already; it is used.");
                await guest.RunAsync(files, parsed.GetValue(encoder), queries, stop);
                guest.ExplainCalls(running.Address, dataArgument);
                return ExitCode.Ok;
            }

            await using var engine = await EngineHost.StartAsync(
                new EngineHostOptions { Data = dataFolder, Listen = ChoosePort(parsed.GetValue(port)) },
                LogLevel.Error, stop);
            using var own = new RagClient(engine.Invoker);
            var script = new DemoScript(terminal, own);
            await script.RunAsync(files, parsed.GetValue(encoder), queries, stop);
            script.ExplainCalls(engine.Address!, dataArgument);
            if (parsed.GetValue(exit))
                return ExitCode.Ok;
            terminal.Out.WriteLine();
            terminal.Out.WriteLine("Serving until Ctrl-C.");
            await engine.RunUntilAsync(stop);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static IPEndPoint ChoosePort(int? wanted) =>
        new(IPAddress.Loopback, wanted ?? (FreePorts.IsFree(Port) ? Port : 0));
}
