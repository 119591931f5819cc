using System.Text.Json;
using Rag.Interop.Tests.Cases;
using Rag.Testing;

namespace Rag.Interop.Tests.Running;

/// <summary>
/// One run of a peer's client over all cases against our server; tests then ask for each case's result.
/// </summary>
public abstract class ClientRun : IAsyncLifetime
{
    private readonly Dictionary<string, string?> _failures = [];
    private string _output = "";

    /// <summary>Fails with the peer's own words where a case failed or did not run.</summary>
    public void Check(string name)
    {
        _failures.ShouldContainKey(name, _output);
        _failures[name].ShouldBeNull();
    }

    public virtual async ValueTask InitializeAsync()
    {
        await using var server = await OurServer.StartAsync();
        await RunAsync(server.Port, [.. InteropCases.Plain, .. InteropCases.Compressed]);
    }

    public virtual ValueTask DisposeAsync() => default;

    /// <summary>Runs the client and keeps what it says of each case.</summary>
    protected async Task RunAsync(int port, IReadOnlyList<string> cases)
    {
        await using var client = await StartAsync(port, cases);
        await client.WaitForExitAsync(TimeSpan.FromSeconds(120));
        _output = client.Output;
        foreach (var line in _output.Split('\n').Where(line => line.StartsWith('{')))
        {
            using var result = JsonDocument.Parse(line);
            var root = result.RootElement;
            _failures[root.GetProperty("case").GetString()!] = root.GetProperty("ok").GetBoolean()
                ? null
                : root.GetProperty("error").GetString();
        }
    }

    private protected abstract Task<ChildProcess> StartAsync(int port, IReadOnlyList<string> cases);
}

/// <summary>@grpc/grpc-js.</summary>
public sealed class NodeClientRun : ClientRun
{
    private protected override Task<ChildProcess> StartAsync(int port, IReadOnlyList<string> cases) =>
        PeerTools.StartNodeAsync("client.mjs", [port.ToString(), .. cases]);
}

/// <summary>Debian's python3-grpcio, which is gRPC's C core.</summary>
public sealed class PythonClientRun : ClientRun
{
    private readonly TemporaryFolder _folder = new();

    private protected override Task<ChildProcess> StartAsync(int port, IReadOnlyList<string> cases)
    {
        var descriptors = _folder.Combine("test.binpb");
        PeerTools.WriteDescriptors(descriptors, Grpc.Testing.TestReflection.Descriptor);
        return PeerTools.StartPythonAsync("client.py", descriptors, [port.ToString(), .. cases]);
    }
}
