using Rag.Testing;

namespace Rag.Nats.Tests.Running;

/// <summary>Starts scripts of Peers with npm's NATS client, and installs that where it can.</summary>
internal static class NodePeer
{
    private static readonly Lazy<Task> Modules = new(InstallAsync);

    private static string Folder { get; } = Path.Combine(RepositoryRoot.Path, "tests", "Nats.Tests");

    /// <summary>Starts one case of peer.mjs.</summary>
    public static async Task<ChildProcess> StartAsync(NatsServer server, string name)
    {
        await Modules.Value;
        return ChildProcess.Start("node", [Path.Combine(Folder, "Peers", "peer.mjs"), $"{server.Port}", name]);
    }

    /// <summary>The line of JSON that a peer ends with.</summary>
    public static async Task<System.Text.Json.JsonElement> ResultAsync(ChildProcess peer)
    {
        var code = await peer.WaitForExitAsync();
        code.ShouldBe(0, peer.Output);
        // The last lines may come after the end of the process was seen.
        string? line = null;
        await Eventually.HoldsAsync(
            () => (line = peer.Output.Split('\n').LastOrDefault(text => text.StartsWith('{'))) is not null, "the peer's result");
        return System.Text.Json.JsonDocument.Parse(line!).RootElement;
    }

    private static async Task InstallAsync()
    {
        if (Directory.Exists(Path.Combine(Folder, "node_modules", "@nats-io", "kv")))
            return;
        await using var child = ChildProcess.Start("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], Folder);
        if (await child.WaitForExitAsync(TimeSpan.FromMinutes(3)) != 0)
            throw new InvalidOperationException($"The Node peers are missing: run 'npm ci --ignore-scripts' in {Folder}.\n{child.Output}");
    }
}
