using Grpc.Net.Client;
using Rag.Testing;

namespace Rag.Interop.Tests.Running;

/// <summary>A peer's server, started once for all cases of our client.</summary>
public abstract class PeerServer : IAsyncLifetime
{
    private ChildProcess? _server;

    public GrpcChannel Channel { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await StartAsync();
        await _server.WaitForLineAsync("LISTENING ");
        var words = _server.Output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        var port = int.Parse(words[Array.IndexOf(words, "LISTENING") + 1]);
        Channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
    }

    public async ValueTask DisposeAsync()
    {
        Channel?.Dispose();
        if (_server is null)
            return;
        var output = _server.HasExited ? _server.Output : null;
        await _server.DisposeAsync();
        output.ShouldBeNull("The server ended by itself.");
    }

    private protected abstract Task<ChildProcess> StartAsync();
}

/// <summary>@grpc/grpc-js.</summary>
public sealed class NodeServer : PeerServer
{
    private protected override Task<ChildProcess> StartAsync() => PeerTools.StartNodeAsync("server.mjs");
}

/// <summary>Debian's python3-grpcio, which is gRPC's C core.</summary>
public sealed class PythonServer : PeerServer
{
    private readonly TemporaryFolder _folder = new();

    private protected override Task<ChildProcess> StartAsync()
    {
        var descriptors = _folder.Combine("test.binpb");
        PeerTools.WriteDescriptors(descriptors, Grpc.Testing.TestReflection.Descriptor);
        return PeerTools.StartPythonAsync("server.py", descriptors);
    }
}
