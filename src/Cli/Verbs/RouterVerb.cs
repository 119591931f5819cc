using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Rag.Cli.Clusters;
using Rag.Cli.Composition;
using Rag.Cli.Composition.Greeting;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Hosting.Topology.Moving;
using Rag.Router;
using Rag.Router.Publishing;
using Rag.Router.Shards;

namespace Rag.Cli.Verbs;

/// <summary><c>rag router</c>: the public API before the shards of a cluster.</summary>
internal static class RouterVerb
{
    private const int DefaultPort = 7700;
    private const int DefaultInternalPort = 7701;

    public static Command Create(Terminal terminal)
    {
        var topology = TopologyOption.Create();
        var data = DataOption.Create(
            "Folder of the metadata, shared with ingestors on this machine. Default: RAG_DATA, else .rag/data of the checkout.");
        var listen = new ListenOptions(DefaultPort);
        var inner = ListenOptions.CreateOption(
            "--internal", "Where ingestors of other processes reach it. Default: on the public port if that is loopback, "
            + "else nowhere.", DefaultInternalPort);
        var verb = new Verb(
            "router", "Serve the public API and route it to shards, until Ctrl-C.",
            "rag router --topology topology.json --data /srv/router",
            "rag router --topology topology.json --listen http://0.0.0.0:7700 --internal http://127.0.0.1:7701")
        {
            topology, data, inner,
        };
        listen.AddTo(verb);
        verb.SetAction(async (parsed, stop) =>
        {
            var folder = DataFolder.Resolve(parsed.GetValue(data));
            var settings = Settings.Read(folder);
            var options = settings.Get("Router", new RouterOptions());
            var address = listen.EndPoint(parsed);
            await using var host = new ProcessHost(address, LogLevel.Information);
            var nats = NatsParts.Add(host, settings);
            var source = await TopologyParts.AddAsync(host, folder, parsed.GetValue(topology), nats, stop);
            await GreetingParts.AddAsync(
                host, settings, NodeKind.Router, "router", () => source.Current.ClusterId,
                () => GreetingParts.Shards(source.Current), stop);
            NodeMark.Claim(folder, source.Current, name: "");
            host.Builder.Services.AddSingleton<IShardConnections>(
                host.Own(new RemoteShardConnections(
                    source, options.MaxMessageBytes, searchStreams: options.SearchStreams)));
            // A file is the operator's: only what is in NATS is moved by itself.
            if (parsed.GetValue(topology) is null)
                host.Builder.Services.AddRebalancing(settings.Get("Rebalance", new RebalanceOptions()));
            await MetadataParts.AddAsync(host, folder, settings, stop);
            host.Builder.Services.AddRouter(options);
            if (nats is not null)
                host.Builder.Services.AddPublishing(settings.Get("Publishing", new PublishingOptions()));
            var separate = parsed.GetValue(inner);
            var door = separate is null ? null : new InternalDoor(host, separate);
            await host.StartAsync(
                application =>
                {
                    door?.Use(application);
                    application.MapRouter();
                    if (door is null && !IPAddress.IsLoopback(address.Address))
                        return;
                    application.MapRouterInternal();
                    GreetingParts.Map(application);
                },
                stop);
            host.Own(InstanceFile.Write(folder, host.Address!));
            ServerLog.Listening(host.Logger, "router", ProcessHost.Version, host.Address!, folder.Path);
            await host.RunUntilAsync(stop);
            return ExitCode.Ok;
        });
        return verb;
    }
}
