using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Hosting.Topology;
using Rag.Testing;

namespace Rag.Cluster.Tests;

/// <summary>Three shard processes and a router, each its own process, on one topology file.</summary>
internal sealed class ThreeShards : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<ServerProcess> _shards = [];

    public IReadOnlyList<ServerProcess> Shards => _shards;

    public ServerProcess Router { get; private set; } = null!;

    public string TopologyPath => _folder.Combine("topology.json");

    public static async Task<ThreeShards> StartAsync()
    {
        var cluster = new ThreeShards();
        try
        {
            var ports = Enumerable.Range(0, 3).Select(_ => FreePort.Next()).ToArray();
            await cluster.WriteTopologyAsync(1, ports);
            var starts = ports.Select((port, i) => ServerProcess.StartAsync("shard", port,
                "--name", $"shard-{i}", "--topology", cluster.TopologyPath, "--data", cluster._folder.Combine($"shard-{i}")));
            cluster._shards.AddRange(await Task.WhenAll(starts));
            cluster.Router = await ServerProcess.StartAsync("router", FreePort.Next(),
                "--topology", cluster.TopologyPath, "--data", cluster._folder.Combine("router"));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Number of the shard that holds a partition.</summary>
    public int OwnerOf(int partition)
    {
        var file = TopologyFile.Open(TopologyPath, NullLogger<TopologyFile>.Instance);
        return int.Parse(file.Current.OwnerOf(partition).Name["shard-".Length..]);
    }

    public Task WriteTopologyAsync(long version, IReadOnlyList<int> ports) => File.WriteAllTextAsync(
        TopologyPath, JsonSerializer.Serialize(new
        {
            version,
            partitions = 256,
            shards = ports.Select((port, i) => new { name = $"shard-{i}", address = $"http://127.0.0.1:{port}" }),
        }));

    public async ValueTask DisposeAsync()
    {
        if (Router is not null)
            await Router.DisposeAsync();
        foreach (var shard in _shards)
            await shard.DisposeAsync();
        _folder.Dispose();
    }
}
