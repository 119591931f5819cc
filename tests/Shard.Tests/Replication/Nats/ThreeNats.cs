using NATS.Client.Core;
using Rag.Testing;

namespace Rag.Shard.Tests.Replication.Nats;

/// <summary>Three NATS servers for the tests of a class, whose files can be put back to an earlier state.</summary>
public sealed class ThreeNats : IAsyncLifetime
{
    private readonly TemporaryFolder _copies = new();
    private NatsCluster _cluster = null!;

    public NatsOpts Options => _cluster.Options with { RequestTimeout = TimeSpan.FromSeconds(5), CommandTimeout = TimeSpan.FromSeconds(10) };

    public IReadOnlyList<NatsServer> Servers => _cluster.Servers;

    public async ValueTask InitializeAsync() => _cluster = await NatsCluster.StartAsync();

    /// <summary>Stops all servers in order, copies their files, and starts them again.</summary>
    public async Task CopyFilesAsync()
    {
        await Task.WhenAll(Servers.Select(server => server.StopAsync()));
        for (var i = 0; i < Servers.Count; i++)
            Copy(Path.Combine(Servers[i].Folder, "js"), _copies.Combine($"{i}"));
        await StartAsync();
    }

    /// <summary>All servers die at once, and come back with the files of the last copy.</summary>
    public async Task LoseTailAsync()
    {
        await Task.WhenAll(Servers.Select(server => server.KillAsync()));
        for (var i = 0; i < Servers.Count; i++)
        {
            Directory.Delete(Path.Combine(Servers[i].Folder, "js"), recursive: true);
            Copy(_copies.Combine($"{i}"), Path.Combine(Servers[i].Folder, "js"));
        }
    }

    public Task StartAsync() => Task.WhenAll(Servers.Select(server => server.StartAgainAsync()));

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _copies.Dispose();
    }

    private static void Copy(string from, string to)
    {
        if (Directory.Exists(to))
            Directory.Delete(to, recursive: true);
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
    }
}
