using System.Security.Cryptography;
using Rag.Cli.Composition;

namespace Rag.Cli.Clusters;

/// <summary>Which nodes a cluster has, and how each is started.</summary>
internal sealed class ClusterPlan(ClusterFolder folder, NodePorts ports)
{
    private const int RouterPort = 7700;
    private const int ShardPort = 7710;
    private const int IngestorPort = 7780;

    /// <summary>Routers and ingestors of one machine share a folder with the metadata.</summary>
    public const string MetadataFolder = "metadata";

    /// <summary>A new cluster; nothing is started yet.</summary>
    /// <exception cref="CliException">A program is missing.</exception>
    public ClusterState Create(ClusterSize size)
    {
        var state = new ClusterState
        {
            Id = Guid.CreateVersion7().ToString(),
            Replication = size.Replication,
            AnyPort = ports.Any,
            Token = RandomNumberGenerator.GetHexString(32, lowercase: true),
        };
        foreach (var node in NatsNodes.Create(folder, ports, size.NatsServers))
            state = state.With(node);
        foreach (var node in PostgresNodes.Create(folder, ports, size.PostgresServers))
            state = state.With(node) with { PostgresPrimary = state.PostgresPrimary ?? node.Name };
        for (var i = 0; i < size.Shards; i++)
            state = state.With(Shard(i));
        for (var i = 0; i < size.Routers; i++)
            state = state.With(Router(i));
        for (var i = 0; i < size.Ingestors; i++)
            state = state.With(Ingestor(state, i));
        return state;
    }

    public ClusterNode Shard(int number)
    {
        var name = $"shard-{number}";
        return Ours(NodeKind.Shard, name, ports.Next(ShardPort), "shard", "--name", name, "--data", folder.NodeFolder(name));
    }

    private ClusterNode Router(int number)
    {
        var port = ports.Next(RouterPort);
        return Ours(NodeKind.Router, $"router-{number}", port, "router", "--data", folder.NodeFolder(MetadataFolder), "--listen", Address(port));
    }

    private ClusterNode Ingestor(ClusterState state, int number)
    {
        var routers = state.Of(NodeKind.Router).ToList();
        var port = ports.Next(IngestorPort);
        // Each prefers another one.
        var addresses = Enumerable.Range(number, routers.Count).Select(i => routers[i % routers.Count].Address);
        return Ours(
            NodeKind.Ingestor, $"ingestor-{number}", port,
            [
                "ingestor", "--data", folder.NodeFolder(MetadataFolder), "--listen", Address(port),
                .. addresses.SelectMany(static address => new[] { "--router", address }),
            ]);
    }

    private static ClusterNode Ours(string kind, string name, int port, params string[] arguments) => new()
    {
        Name = name,
        Kind = kind,
        Address = Address(port),
        Health = Address(port),
        Command = [.. Self(), .. arguments],
    };

    private static string Address(int port) => $"http://127.0.0.1:{port}";

    /// <summary>This program, as it was started: by itself, or by the dotnet host.</summary>
    private static string[] Self()
    {
        var host = Environment.ProcessPath;
        var program = typeof(ClusterPlan).Assembly.Location;
        return host is not null && Path.GetFileNameWithoutExtension(host) == Path.GetFileNameWithoutExtension(program)
            ? [host]
            : [Path.GetFileNameWithoutExtension(host) == "dotnet" ? host! : "dotnet", program];
    }
}

/// <summary>How many nodes of each kind.</summary>
internal sealed record ClusterSize(int Shards, int Replication, int Routers, int Ingestors, int NatsServers, int PostgresServers);
