using System.Net;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Hosting.Topology;
using Rag.Router.Balancing;
using Rag.Router.Shards;
using Rag.Router.Tests.Fakes;
using Rag.Testing;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Rag.Router.Tests.Balancing;

/// <summary>Over real connections on loopback.</summary>
public sealed class ShardProbesTests
{
    [Fact]
    public async Task A_shard_is_lost_after_two_vain_probes_and_found_again_by_one()
    {
        var port = FreePort.Next();
        var node = new ShardNode("shard-0", new Uri($"http://127.0.0.1:{port}"));
        var embedded = new ShardNode("shard-1", new Uri("inprocess://shard-1"));
        var topology = new MovableTopology(ClusterTopology.Balanced(1, 4, [node, embedded]));
        var options = new RouterOptions { Balancing = new BalancingOptions { ProbeTimeout = TimeSpan.FromSeconds(20) } };
        var states = new ShardStates(options, TimeProvider.System);
        using var connections = new RemoteShardConnections(topology, 8 * 1024 * 1024);
        using var probes = new ShardProbes(
            connections, topology, states, options, TimeProvider.System, NullLogger<ShardProbes>.Instance);
        states.Of(new ShardNode("gone", node.Address));
        states.Of(embedded);
        await using (var server = await StartAsync(port))
        {
            await probes.LookAsync(default);
            states.Of(node).Health.ShouldBe(ShardHealth.Serving);
            server.Services.GetRequiredService<HealthServiceImpl>().SetStatus("", ServingStatus.NotServing);
            await probes.LookAsync(default);
            states.Of(node).Health.ShouldBe(ShardHealth.NotServing);
            await server.StopAsync();
        }

        await probes.LookAsync(default);
        states.Of(node).Health.ShouldBe(ShardHealth.NotServing);
        await probes.LookAsync(default);
        states.Of(node).Health.ShouldBe(ShardHealth.Lost);
        await using var again = await StartAsync(port);
        await probes.LookAsync(default);
        states.Of(node).Health.ShouldBe(ShardHealth.Serving);
        await again.StopAsync();
        states.All.Select(state => state.Name).ShouldBe(["shard-0", "shard-1"], ignoreOrder: true);
        states.Of(embedded).Health.ShouldBe(ShardHealth.Serving);
    }

    [Fact]
    public void Options_out_of_range_are_all_named()
    {
        var options = new RouterOptions
        {
            Balancing = new BalancingOptions
            {
                HedgeRatio = 0.9, MaxAttempts = 0, HedgeMinDelay = TimeSpan.FromSeconds(5), ProbeInterval = TimeSpan.Zero,
            },
        };
        var errors = options.Validate();
        errors.Count.ShouldBe(4);
        errors.ShouldAllBe(error => error.StartsWith("Balancing."));
        new RouterOptions().Validate().ShouldBeEmpty();
    }

    private static async Task<WebApplication> StartAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddGrpcHealthChecks();
        var app = builder.Build();
        app.MapGrpcHealthChecksService();
        await app.StartAsync();
        app.Services.GetRequiredService<HealthServiceImpl>().SetStatus("", ServingStatus.Serving);
        return app;
    }
}
