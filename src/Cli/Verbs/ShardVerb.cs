using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Rag.Cli.Clusters;
using Rag.Cli.Composition;
using Rag.Cli.Composition.Greeting;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Hosting.Topology;
using Rag.Shard;

namespace Rag.Cli.Verbs;

/// <summary><c>rag shard</c>: one shard of a cluster.</summary>
internal static class ShardVerb
{
    private const int DefaultPort = 7710;

    public static Command Create(Terminal terminal)
    {
        var name = new Option<string>("--name", "-n") { Description = "Its name in the topology.", Required = true };
        var topology = TopologyOption.Create();
        var data = DataOption.Create();
        var listen = new ListenOptions(DefaultPort);
        var verb = new Verb(
            "shard", "Serve a shard to routers, until Ctrl-C. It listens where the topology says, unless told otherwise.",
            "rag shard --name shard-0 --topology topology.json --data /srv/shard-0")
        {
            name, topology, data,
        };
        listen.AddTo(verb);
        verb.SetAction(async (parsed, stop) =>
        {
            var own = parsed.GetValue(name)!;
            var folder = DataFolder.Resolve(parsed.GetValue(data));
            var settings = Settings.Read(folder);
            await using var host = new ProcessHost(LogLevel.Information);
            var nats = NatsParts.Add(host, settings);
            TopologyParts.CheckNamed(folder, parsed.GetValue(topology), nats);
            host.Own(await folder.LockAsync(TimeSpan.Zero, stop));
            var source = await TopologyParts.AddAsync(host, folder, parsed.GetValue(topology), nats, stop);
            await GreetingParts.AddAsync(
                host, settings, NodeKind.Shard, own, () => source.Current.ClusterId,
                () => GreetingParts.Shards(source.Current, except: own), stop);
            NodeMark.Claim(folder, source.Current, own);
            host.Listen(listen.Given(parsed) ?? AddressOf(source.Current, own));
            await ShardParts.AddAsync(host, folder, settings, own, stop, nats, source);
            host.Builder.Services.AddShardReplicas();
            await host.StartAsync(
                application =>
                {
                    application.MapShard();
                    GreetingParts.Map(application);
                },
                stop);
            ServerLog.Listening(host.Logger, $"shard {own}", ProcessHost.Version, host.Address!, folder.Path);
            await host.RunUntilAsync(stop);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static IPEndPoint AddressOf(ClusterTopology topology, string name)
    {
        var shard = topology.FindShard(name) ?? throw new CliException(
            $"The topology (version {topology.Version}) has no shard {name}: it has "
            + $"{string.Join(", ", topology.Shards.Select(other => other.Name))}. 'rag topology add-shard' adds one.", ExitCode.Misconfigured);
        // A name stands for whatever interface it leads to.
        return IPAddress.TryParse(shard.Address.Host, out var address)
            ? new IPEndPoint(address, shard.Address.Port)
            : new IPEndPoint(shard.Address.IsLoopback ? IPAddress.Loopback : IPAddress.Any, shard.Address.Port);
    }
}
