using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Rag.Hosting.Agreement;
using Rag.Hosting.Topology;

namespace Rag.Cli.Composition.Greeting;

/// <summary>Lets a process greet others before it starts, and answer them afterwards.</summary>
internal static class GreetingParts
{
    /// <param name="kind">shard, router or ingestor.</param>
    /// <param name="peers">Whom to greet, as it is at each time.</param>
    /// <exception cref="CliException">All that answer disagree: another version, cluster, name or time.</exception>
    public static async Task AddAsync(
        ProcessHost host, Settings settings, string kind, string name, Func<string> clusterId, Func<IReadOnlyList<Peer>> peers,
        CancellationToken cancellationToken)
    {
        var options = settings.Get("Greeting", new GreetingOptions()).Checked();
        var greeter = new Greeter(Identity, peers, options);
        foreach (var odd in await greeter.GreetAsync(cancellationToken))
            ServerLog.Disagrees(host.Logger, odd);
        host.Builder.Services.AddSingleton(new HelloRpc(Identity));
        host.Builder.Services.AddSingleton(provider => new GreetingWatch(
            greeter, options, TimeProvider.System, provider.GetRequiredService<ILogger<GreetingWatch>>()));
        host.Builder.Services.AddHostedService(static provider => provider.GetRequiredService<GreetingWatch>());
        host.Builder.Services.AddHealthChecks().AddCheck<GreetingWatch>("greeting");

        NodeIdentity Identity() => new(
            kind, name, NodeIdentity.CurrentProtocol, ProcessHost.Version, clusterId(), TimeProvider.System.GetUtcNow());
    }

    /// <summary>All shards of a topology but this one.</summary>
    public static IReadOnlyList<Peer> Shards(ClusterTopology topology, string? except = null) =>
        [.. topology.Shards.Where(shard => shard.Name != except).Select(static shard => new Peer(shard.Name, shard.Address))];

    /// <summary>Answers greetings.</summary>
    public static void Map(WebApplication application) => application.MapGrpcService<HelloRpc>();
}
