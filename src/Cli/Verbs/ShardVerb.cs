using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Cli.Composition;
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
            var path = parsed.GetValue(topology)!;
            var address = listen.Given(parsed) ?? await AddressOfAsync(path, own);
            await using var host = new ProcessHost(address, LogLevel.Information);
            host.Own(await folder.LockAsync(TimeSpan.Zero, stop));
            var source = host.Own(TopologyFile.Open(path, host.Loggers.CreateLogger<TopologyFile>()));
            host.Builder.Services.AddSingleton<ITopologySource>(source);
            var settings = Settings.Read(folder);
            NatsParts.Add(host, settings);
            await ShardParts.AddAsync(host, folder, settings, own, stop);
            await host.StartAsync(application => application.MapShard(), stop);
            ServerLog.Listening(host.Logger, $"shard {own}", ProcessHost.Version, host.Address!, folder.Path);
            await host.RunUntilAsync(stop);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static async Task<IPEndPoint> AddressOfAsync(string topology, string name)
    {
        await using var source = TopologyFile.Open(topology, NullLogger<TopologyFile>.Instance);
        var shards = source.Current.Shards;
        var shard = shards.FirstOrDefault(shard => shard.Name == name) ?? throw new CliException(
            $"The topology {topology} has no shard {name}: it has {string.Join(", ", shards.Select(other => other.Name))}.");
        // A name stands for whatever interface it leads to.
        return IPAddress.TryParse(shard.Address.Host, out var address)
            ? new IPEndPoint(address, shard.Address.Port)
            : new IPEndPoint(shard.Address.IsLoopback ? IPAddress.Loopback : IPAddress.Any, shard.Address.Port);
    }
}
