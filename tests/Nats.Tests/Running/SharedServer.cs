using Rag.Testing;

namespace Rag.Nats.Tests.Running;

/// <summary>One server for the tests of a class; each uses subjects, streams and buckets of its own.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    public NatsServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await NatsServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
