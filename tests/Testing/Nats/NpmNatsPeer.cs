using System.Text.Json;

namespace Rag.Testing;

/// <summary>Starts scripts of tests/Nats.Tests/Peers with npm's NATS client, and installs that where it can.</summary>
public static class NpmNatsPeer
{
    private static readonly Lazy<Task> Modules = new(InstallAsync);

    private static string Folder { get; } = Path.Combine(RepositoryRoot.Path, "tests", "Nats.Tests");

    /// <summary>Starts one case of peer.mjs.</summary>
    public static Task<ChildProcess> StartAsync(NatsServer server, string name) =>
        StartAsync("peer.mjs", $"{server.Port}", name);

    /// <summary>Starts another script.</summary>
    public static async Task<ChildProcess> StartAsync(string script, params string[] arguments)
    {
        await Modules.Value;
        return ChildProcess.Start("node", [Path.Combine(Folder, "Peers", script), .. arguments]);
    }

    /// <summary>The line of JSON that a peer ends with.</summary>
    public static async Task<JsonElement> ResultAsync(ChildProcess peer)
    {
        var code = await peer.WaitForExitAsync();
        if (code != 0)
            throw new InvalidOperationException($"The peer ended with {code}:\n{peer.Output}");
        // The last lines may come after the end of the process was seen.
        string? line = null;
        await Eventually.HoldsAsync(
            () => (line = peer.Output.Split('\n').LastOrDefault(text => text.StartsWith('{'))) is not null, "the peer's result");
        return JsonDocument.Parse(line!).RootElement;
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
