using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Rag.Testing;

/// <summary>Three servers that replicate streams among themselves.</summary>
public sealed class NatsCluster : IAsyncDisposable
{
    private readonly List<NatsServer> _servers = [];

    public IReadOnlyList<NatsServer> Servers => _servers;

    /// <summary>Options that name all three.</summary>
    public NatsOpts Options => _servers[0].Options() with { Url = string.Join(',', _servers.Select(server => server.Url)) };

    /// <param name="isAdvertised">Whether the servers tell their clients of one another.</param>
    public static async Task<NatsCluster> StartAsync(bool isAdvertised = true)
    {
        var cluster = new NatsCluster();
        var routes = Enumerable.Range(0, 3).Select(_ => FreePort.Next()).ToArray();
        try
        {
            // Together: each waits for the others before its JetStream is ready.
            cluster._servers.AddRange(await Task.WhenAll(routes.Select((route, i) => NatsServer.StartAsync($$"""
                server_name: "n{{i}}"
                cluster { name: "c", no_advertise: {{(isAdvertised ? "false" : "true")}}, listen: "127.0.0.1:{{route}}", routes: [{{string.Join(", ", routes.Select(to => $"\"nats://127.0.0.1:{to}\""))}}] }
                """))));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a stream with three copies, as soon as the servers have elected who decides that.</summary>
    public static async Task<INatsJSStream> CreateStreamAsync(INatsJSContext js, StreamConfig config)
    {
        INatsJSStream? stream = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    stream = await js.CreateStreamAsync(config with { NumReplicas = 3 });
                    return true;
                }
                catch (NatsJSException)
                {
                    return false;
                }
            },
            "a replicated stream", TimeSpan.FromSeconds(60));
        return stream!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
    }
}
