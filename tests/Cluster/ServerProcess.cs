using Grpc.Net.Client;
using Rag.Testing;

namespace Rag.Cluster.Tests;

/// <summary>A process of the product (`serve`, `shard`, `router`, `ingestor`) on loopback, ended with the test.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly ChildProcess _child;

    private ServerProcess(ChildProcess child, string address)
    {
        _child = child;
        Address = address;
        Channel = GrpcChannel.ForAddress(address);
    }

    public string Address { get; }

    public GrpcChannel Channel { get; }

    public string Output => _child.Output;

    public bool HasExited => _child.HasExited;

    /// <summary>Starts a verb on a free port and returns once it listens.</summary>
    public static async Task<ServerProcess> StartAsync(string verb, int port, params string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Rag.Cli.dll");
        var address = $"http://127.0.0.1:{port}";
        var child = ChildProcess.Start("dotnet", [program, verb, "--listen", address, .. arguments]);
        var server = new ServerProcess(child, address);
        try
        {
            await child.WaitForLineAsync("listening on", StartLimit);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public Task KillAsync() => _child.KillAsync();

    /// <summary>Sends a signal by its name, such as STOP and CONT.</summary>
    public void Signal(string name) => _child.Signal(name);

    /// <summary>Asks it to stop and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        _child.Terminate();
        return await _child.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _child.DisposeAsync();
    }
}
