using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Router.Shards;
using Rag.Router.Tests.Fakes;
using Rag.Testing;

namespace Rag.Router.Tests.Shards;

/// <summary>The same over real connections on loopback.</summary>
public sealed class RemoteShardTests
{
    [Fact]
    public async Task A_shard_that_stops_is_unavailable_and_is_found_again_when_it_is_back()
    {
        var port = FreePort.Next();
        var node = new ShardNode("shard-0", new Uri($"http://127.0.0.1:{port}"));
        var shard = new FakeShard("shard-0");
        var topology = new MovableTopology(ClusterTopology.Balanced(1, 4, [node]));
        using var connections = new RemoteShardConnections(topology, 8 * 1024 * 1024);
        await using (var server = await StartAsync(shard, port))
        {
            (await StatusAsync(connections, node)).Name.ShouldBe("shard-0");
            // Larger than gRPC's usual 4 MiB.
            var embedded = await connections.For(node).EmbedTextsAsync(new EmbedTextsRequest
            {
                Texts = { Enumerable.Repeat(new string('x', 5000), 100) }, ReturnTokenIds = true,
            });
            embedded.TokenIds.Count.ShouldBe(500_000);
            shard.Before = (_, _, _) => Task.FromException(Faults.StaleSettings());
            var refused = await RouterFixture.FailureAsync(connections.For(node).GetStatusAsync(new GetStatusRequest()));
            refused.Trailers.GetValue("rag-reason").ShouldBe("stale-settings");
            shard.Before = (_, _, _) => Task.CompletedTask;
            await server.StopAsync();
        }

        (await RouterFixture.FailureAsync(connections.For(node).GetStatusAsync(new GetStatusRequest())))
            .StatusCode.ShouldBe(StatusCode.Unavailable);
        await using var again = await StartAsync(shard, port);
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                return (await StatusAsync(connections, node)).Name == "shard-0";
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable)
            {
                return false;
            }
        }, "the shard is found again");
        await again.StopAsync();
    }

    private static async Task<GetStatusResponse> StatusAsync(RemoteShardConnections connections, ShardNode node) =>
        await connections.For(node).GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow.AddSeconds(10));

    private static async Task<WebApplication> StartAsync(FakeShard shard, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(shard);
        builder.Services.AddGrpc();
        var app = builder.Build();
        app.MapGrpcService<FakeShard>();
        await app.StartAsync();
        return app;
    }
}
