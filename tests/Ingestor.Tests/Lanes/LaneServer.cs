using NATS.Client.Core;
using Rag.Hosting.Messaging;
using Rag.Testing;

namespace Rag.Ingestor.Tests.Lanes;

/// <summary>One server for the tests of a class; each has a cluster name, and so lanes, of its own.</summary>
public sealed class LaneServer : IAsyncLifetime
{
    private int _clusters;

    public NatsServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await NatsServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    public NatsOptions NewCluster() => OptionsOf(Server, $"t{Interlocked.Increment(ref _clusters)}");

    public static NatsOptions OptionsOf(NatsServer server, string cluster = "t") => new()
    {
        Urls = [server.Url], Cluster = cluster, ConnectTimeout = TimeSpan.FromSeconds(20), RequestTimeout = TimeSpan.FromSeconds(5),
    };
}
