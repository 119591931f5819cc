using System.Globalization;
using System.Text.Json;
using Rag.Testing;

namespace Rag.Cluster.Tests.Faults;

/// <summary>A cluster that <c>rag cluster up</c> has started, every node a real process; taken down with the test.</summary>
internal sealed class ClusterProcesses : IAsyncDisposable
{
    private static readonly TimeSpan CommandLimit = TimeSpan.FromMinutes(3);

    private readonly TemporaryFolder _folder = new();
    private Dictionary<string, JsonElement> _nodes = [];

    public IEnumerable<string> Shards => Names("shard");

    public IEnumerable<string> NatsServers => Names("nats");

    /// <summary>Address of the router.</summary>
    public string Address => _nodes["router-0"].GetProperty("address").GetString()!;

    public static async Task<ClusterProcesses> StartAsync(int shards, int replication)
    {
        var cluster = new ClusterProcesses();
        try
        {
            await cluster.RunAsync("up", "--shards", Text(shards), "--replication", Text(replication), "--postgres", "0", "--any-port", "--json");
            await cluster.ReadAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL.</summary>
    public Task KillAsync(string node) => SignalAsync(node, "KILL");

    /// <summary>SIGSTOP: the process keeps its connections and does not answer.</summary>
    public Task PauseAsync(string node) => SignalAsync(node, "STOP");

    public Task ResumeAsync(string node) => SignalAsync(node, "CONT");

    /// <summary>Starts a node that was killed, and returns when it is ready.</summary>
    public async Task RestartAsync(string node)
    {
        await RunAsync("start", node);
        await ReadAsync();
    }

    /// <summary>Returns when every node is ready.</summary>
    public Task SettleAsync() => Eventually.HoldsAsync(
        async () => (await TryRunAsync("status", "--json")).Code == 0, "every node is ready", TimeSpan.FromSeconds(90));

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(_folder.Combine("cluster", "cluster.json")))
        {
            // A stopped process does not hear that it is to end.
            foreach (var node in _nodes.Keys)
                await SignalAsync(node, "CONT");
            await TryRunAsync("down");
        }

        _folder.Dispose();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private IEnumerable<string> Names(string kind) =>
        _nodes.Values.Where(node => node.GetProperty("kind").GetString() == kind).Select(node => node.GetProperty("name").GetString()!);

    private async Task ReadAsync()
    {
        var (_, output) = await TryRunAsync("status", "--json");
        var line = output.Split('\n').First(line => line.StartsWith("{\"nodes\"", StringComparison.Ordinal));
        _nodes = JsonDocument.Parse(line).RootElement.GetProperty("nodes").EnumerateArray()
            .ToDictionary(node => node.GetProperty("name").GetString()!);
    }

    private async Task SignalAsync(string node, string signal)
    {
        if (_nodes[node].GetProperty("pid") is not { ValueKind: JsonValueKind.Number } process)
            return;
        await using var kill = ChildProcess.Start("kill", [$"-{signal}", Text(process.GetInt32())]);
        await kill.WaitForExitAsync(TimeSpan.FromSeconds(10));
    }

    private async Task RunAsync(params string[] arguments)
    {
        var (code, output) = await TryRunAsync(arguments);
        code.ShouldBe(0, $"rag cluster {string.Join(' ', arguments)}: {output}");
    }

    private async Task<(int Code, string Output)> TryRunAsync(params string[] arguments)
    {
        await using var child = ChildProcess.Start(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "Rag.Cli.dll"), "cluster", .. arguments, "--data", _folder.Path]);
        var code = await child.WaitForExitAsync(CommandLimit);
        await Eventually.HoldsAsync(() => child.Output.Length > 0, "its output");
        return (code, child.Output);
    }
}
