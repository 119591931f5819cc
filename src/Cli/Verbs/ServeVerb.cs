using System.CommandLine;
using Microsoft.Extensions.Logging;
using Rag.Cli.Composition;
using Rag.Cli.Options;
using Rag.Cli.Output;

namespace Rag.Cli.Verbs;

/// <summary><c>rag serve</c>: shard, router and ingestor in one process.</summary>
internal static class ServeVerb
{
    public static Command Create(Terminal terminal)
    {
        var listen = new ListenOptions(7700);
        var data = DataOption.Create();
        var verb = new Verb(
            "serve", "Serve the whole engine from one process, until Ctrl-C.",
            "rag serve", "rag serve --data /srv/rag --port 7700", "rag serve --listen http://0.0.0.0:7700")
        {
            data,
        };
        listen.AddTo(verb);
        verb.SetAction(async (parsed, stop) =>
        {
            var options = new EngineHostOptions
            {
                Data = DataFolder.Resolve(parsed.GetValue(data)),
                Listen = listen.EndPoint(parsed),
            };
            await using var engine = await EngineHost.StartAsync(options, LogLevel.Information, stop);
            await engine.RunUntilAsync(stop);
            return ExitCode.Ok;
        });
        return verb;
    }
}
