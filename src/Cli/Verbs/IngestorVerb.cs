using System.CommandLine;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Rag.Cli.Clusters;
using Rag.Cli.Composition;
using Rag.Cli.Composition.Greeting;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Ingestor.Routers;

namespace Rag.Cli.Verbs;

/// <summary><c>rag ingestor</c>: turns queued files into documents, beside a router.</summary>
internal static class IngestorVerb
{
    private const int DefaultHealthPort = 7720;
    private const int MaxMessageBytes = 64 * 1024 * 1024;

    // A router that hangs keeps its connections; twice this later it counts as away.
    private static readonly TimeSpan RouterPatience = TimeSpan.FromSeconds(3);

    public static Command Create(Terminal terminal)
    {
        var router = new Option<string[]>("--router", "-r")
        {
            Description = "A router's internal address, as http://127.0.0.1:7701. Given again, it names others for when that one is away.",
            HelpName = "URL",
            Required = true,
        };
        var data = DataOption.Create("Folder of the metadata: the router's. Default: RAG_DATA, else .rag/data of the checkout.");
        var listen = new ListenOptions(DefaultHealthPort);
        var verb = new Verb(
            "ingestor", "Work on queued files, until Ctrl-C. It listens (for health checks) only if told where.",
            "rag ingestor --router http://127.0.0.1:7701 --data /srv/router")
        {
            router, data,
        };
        listen.AddTo(verb);
        verb.SetAction(async (parsed, stop) =>
        {
            var folder = DataFolder.Resolve(parsed.GetValue(data));
            var addresses = parsed.GetValue(router)!;
            await using var host = new ProcessHost(listen.Given(parsed), LogLevel.Information);
            var routers = new RouterChoice(addresses.Select(address => host.Own(GrpcChannel.ForAddress(address, new GrpcChannelOptions
            {
                MaxReceiveMessageSize = MaxMessageBytes,
                MaxSendMessageSize = MaxMessageBytes,
                ConnectTimeout = RouterPatience,
                KeepAlivePingDelay = RouterPatience,
                KeepAlivePingTimeout = RouterPatience,
            })).CreateCallInvoker()));
            var settings = Settings.Read(folder);
            var nats = NatsParts.Add(host, settings);
            var peers = addresses.Select(static address => new Peer(Name: null, new Uri(address))).ToList();
            await GreetingParts.AddAsync(host, settings, NodeKind.Ingestor, "ingestor", static () => "", () => peers, stop);
            await MetadataParts.AddAsync(host, folder, settings, stop);
            IngestorParts.Add(host, settings, _ => routers, lanes: nats is not null);
            await host.StartAsync(_ => { }, stop);
            if (host.Address is { } health)
                ServerLog.Listening(host.Logger, "ingestor", ProcessHost.Version, health, folder.Path);
            ServerLog.Ingesting(host.Logger, ProcessHost.Version, string.Join(", ", addresses), folder.Path);
            await host.RunUntilAsync(stop);
            return ExitCode.Ok;
        });
        return verb;
    }
}
