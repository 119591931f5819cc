using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using Rag.Engine;
using Rag.Hosting.Messaging;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Testing;

namespace Rag.Cluster.Tests.Faults;

/// <summary>
/// A cluster whose nodes are real processes and whose wires can be cut: three servers of NATS, PostgreSQL, shards,
/// routers and ingestors. Each process reaches each server by a wire of its own, and is reached by one.
/// <code>
/// clients ─┬─▶ router-i ─┬─▶ shard-i ──▶ nats-j      (every arrow to the right passes a FaultProxy)
/// ingestor ┘             └─▶ nats-j, postgres        NATS servers among themselves are not cut, but killed and paused
/// </code>
/// What the nodes wrote last lies afterwards in the folder that RAG_FAULT_LOGS names.
/// </summary>
internal sealed class FaultCluster : IAsyncDisposable
{
    public const string ClusterId = "main";

    private const int Partitions = 16;

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<(string From, string To), FaultProxy> _wires = [];
    private readonly Dictionary<string, int> _ports = [];
    private readonly List<FaultNode> _nodes = [];
    private NatsCluster? _nats;
    private MetadataNode? _metadata;
    private ServiceProvider? _services;
    private TopologyStream? _topology;

    private readonly IReadOnlyDictionary<string, string> _settings;

    private FaultCluster(IReadOnlyDictionary<string, string> settings) => _settings = settings;

    public IReadOnlyList<FaultNode> Nodes => _nodes;

    /// <summary>Where clients reach the routers.</summary>
    public IEnumerable<string> Routers => Of(NodeKind.Router).Select(node => Address("client", node.Name));

    /// <summary>The servers themselves, without wires between.</summary>
    public NatsOpts Nats => _nats!.Options;

    public ClusterTopology Topology => _topology!.Current;

    /// <param name="settings">Of every process of the product, as environment variables.</param>
    /// <param name="isMetadataReplicated">Whether PostgreSQL has replicas, of which one may take the primary's place.</param>
    public static async Task<FaultCluster> StartAsync(
        int shards = 3, int replication = 2, int routers = 2, int ingestors = 2, Dictionary<string, string>? settings = null,
        bool isMetadataReplicated = false)
    {
        var cluster = new FaultCluster(settings ?? []);
        try
        {
            await cluster.StartServersAsync(isMetadataReplicated);
            await cluster.CreateTopologyAsync(shards, replication);
            for (var i = 0; i < shards; i++)
                cluster.AddShard($"shard-{i}");
            for (var i = 0; i < routers; i++)
                cluster.AddRouter($"router-{i}");
            for (var i = 0; i < ingestors; i++)
                cluster.AddIngestor($"ingestor-{i}", Enumerable.Range(i, routers).Select(router => $"router-{router % routers}"));
            await Task.WhenAll(cluster.Of(NodeKind.Shard).Select(node => node.StartAsync()));
            await Task.WhenAll(cluster.Of(NodeKind.Router).Select(node => node.StartAsync()));
            await Task.WhenAll(cluster.Of(NodeKind.Ingestor).Select(node => node.StartAsync()));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public IEnumerable<FaultNode> Of(NodeKind kind) => _nodes.Where(node => node.Kind == kind);

    public FaultNode Find(string name) => _nodes.Single(node => node.Name == name);

    /// <summary>A shard more, which nobody knows yet and which is not started.</summary>
    public FaultNode AddShard(string name)
    {
        var port = _ports[name] = PortOf(name);
        return Add(
            NodeKind.Shard, name, "listening on", "shard", "--name", name, "--data", _folder.Combine(name), "--listen",
            $"http://127.0.0.1:{port}");
    }

    /// <summary>Where others reach a shard.</summary>
    public ShardNode ShardAt(string name) => new(name, new Uri(Address("*", name)));

    /// <summary>Changes the topology.</summary>
    public async Task ChangeTopologyAsync(Func<ClusterTopology, ClusterTopology?> change) =>
        await _topology!.ChangeAsync(change).AsTask().WaitAsync(TimeSpan.FromSeconds(60));

    /// <summary>Returns when every replica has what any of them has now.</summary>
    public async Task CaughtUpAsync(TimeSpan limit)
    {
        Dictionary<int, WriteStamp>? newest = null;
        await Testing.Eventually.HoldsAsync(
            async () =>
            {
                // Null while one of them has just moved.
                if (await TryAskAllAsync() is not { } stamps)
                    return false;
                newest ??= stamps.GroupBy(one => one.Key.Partition, one => one.Value).ToDictionary(one => one.Key, one => one.Max());
                return stamps.All(one => one.Value >= newest.GetValueOrDefault(one.Key.Partition));
            },
            "replicas catch up", limit);
    }

    public async ValueTask DisposeAsync()
    {
        // Whatever fails, no process stays.
        var failures = new List<Exception>();
        foreach (var node in _nodes.AsEnumerable().Reverse())
        {
            await TryAsync(() => SaveLogAsync(node));
            await TryAsync(node.DisposeAsync);
        }

        foreach (var part in new IAsyncDisposable?[] { _topology, _services, _nats }.Concat(_wires.Values))
            await TryAsync(() => part?.DisposeAsync() ?? ValueTask.CompletedTask);
        _folder.Dispose();
        if (failures.Count > 0)
            throw new AggregateException(failures);

        async Task TryAsync(Func<ValueTask> end)
        {
            try
            {
                await end();
            }
            catch (Exception failure)
            {
                failures.Add(failure);
            }
        }
    }

    private static async ValueTask SaveLogAsync(FaultNode node)
    {
        if (Environment.GetEnvironmentVariable("RAG_FAULT_LOGS") is not { Length: > 0 } folder)
            return;
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, $"{node.Name}.log"), node.Output);
    }

    private async Task<Dictionary<(string Shard, int Partition), WriteStamp>?> TryAskAllAsync()
    {
        try
        {
            return await AskAllAsync();
        }
        catch (RpcException moved) when (moved.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition)
        {
            return null;
        }
    }

    /// <summary>How far the replicas are that answer for a partition; those of a node that is down are as far as nothing.</summary>
    private async Task<Dictionary<(string Shard, int Partition), WriteStamp>> AskAllAsync()
    {
        var stamps = new Dictionary<(string, int), WriteStamp>();
        foreach (var shard in Topology.Shards)
        {
            using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{_ports[shard.Name]}");
            var client = new ReplicaService.ReplicaServiceClient(channel);
            for (var partition = 0; partition < Partitions; partition++)
            {
                if (Topology.FindReplica(shard.Name, partition) is not { Serves: true })
                    continue;
                var answer = await client.GetPartitionAsync(
                    new GetPartitionRequest { Partition = partition }, deadline: DateTime.UtcNow.AddSeconds(20));
                stamps[(shard.Name, partition)] = answer.Stamp is { Sequence: > 0 } stamp ? new(stamp.Epoch, stamp.Sequence) : default;
            }
        }

        return stamps;
    }

    private async Task StartServersAsync(bool isMetadataReplicated)
    {
        var nats = NatsCluster.StartAsync(isAdvertised: false);
        var metadata = StartMetadataAsync(isMetadataReplicated);
        await Task.WhenAll(nats, metadata).ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _nats = nats.IsCompletedSuccessfully ? nats.Result : null;
        if (metadata.IsCompletedSuccessfully)
            _nodes.Add(_metadata = metadata.Result);
        await Task.WhenAll(nats, metadata);
        for (var i = 0; i < _nats!.Servers.Count; i++)
        {
            var name = $"nats-{i}";
            _ports[name] = _nats.Servers[i].Port;
            _nodes.Add(new NatsNode(name, _nats.Servers[i], WiresOf));
        }

        foreach (var (name, port) in _metadata!.Ports)
            _ports[name] = port;
    }

    private async Task<MetadataNode> StartMetadataAsync(bool isReplicated) =>
        isReplicated ? await PostgresGroup.StartAsync(WiresOf) : await LonePostgres.StartAsync(WiresOf);

    private async Task CreateTopologyAsync(int shards, int replication)
    {
        var options = new NatsOptions { Urls = [.. _nats!.Servers.Select(server => server.Url)] };
        var services = new ServiceCollection();
        var connection = services.AddNats(options, NullLoggerFactory.Instance);
        _services = services.BuildServiceProvider();
        var nodes = Enumerable.Range(0, shards).Select(i => $"shard-{i}").Select(ShardAt);
        var first = ClusterTopology.Balanced(1, Partitions, [.. nodes], replication, ClusterId);
        await Testing.Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    return await TopologyStream.CreateAsync(connection, options, first);
                }
                catch (TopologyUnavailableException)
                {
                    return false;
                }
            },
            "a stream for the topology", TimeSpan.FromSeconds(60));
        _topology = await TopologyStream.OpenAsync(connection, options, copyPath: null, NullLogger<TopologyStream>.Instance);
    }

    private void AddRouter(string name)
    {
        var port = PortOf(name);
        Add(NodeKind.Router, name, "listening on", "router", "--data", _folder.Combine(name), "--listen", $"http://127.0.0.1:{port}");
    }

    private void AddIngestor(string name, IEnumerable<string> routers) => Add(
        NodeKind.Ingestor, name, "works for the router",
        ["ingestor", "--data", _folder.Combine(name), .. routers.SelectMany(router => new[] { "--router", Address(name, router) })]);

    private RagNode Add(NodeKind kind, string name, string ready, params string[] arguments)
    {
        var environment = new Dictionary<string, string?>
        {
            ["RAG_Log__Streams"] = "2",
            ["RAG_Log__StreamBytes"] = $"{8 << 20}",
            ["RAG_Publishing__Enabled"] = "false",
            ["RAG_Ingestor__Lease"] = "00:00:05",
            ["RAG_Shard__Replicas__DropDelay"] = "00:00:02",
            ["RAG_Rebalance__LeavingTime"] = "00:00:02",
        };
        for (var i = 0; i < _nats!.Servers.Count; i++)
            environment[$"RAG_Nats__Urls__{i}"] = $"nats://127.0.0.1:{Wire(name, $"nats-{i}").Port}";
        if (kind != NodeKind.Shard)
        {
            environment["RAG_Metadata__ConnectionString"] = _metadata!.ConnectionString(
                string.Join(',', _metadata.Ports.Keys.Select(server => $"127.0.0.1:{Wire(name, server).Port}")));
        }

        foreach (var (key, value) in _settings)
            environment[key] = value;
        var node = new RagNode(kind, name, WiresOf, arguments, environment, ready);
        _nodes.Add(node);
        return node;
    }

    private string Address(string from, string to) => $"http://127.0.0.1:{Wire(from, to).Port}";

    private FaultProxy Wire(string from, string to)
    {
        lock (_wires)
        {
            if (!_wires.TryGetValue((from, to), out var wire))
                _wires[(from, to)] = wire = new FaultProxy(PortOf(to));
            return wire;
        }
    }

    private int PortOf(string name)
    {
        if (!_ports.TryGetValue(name, out var port))
            _ports[name] = port = FreePort.Next();
        return port;
    }

    private List<FaultProxy> WiresOf(string name)
    {
        lock (_wires)
            return [.. _wires.Where(wire => wire.Key.From == name || wire.Key.To == name).Select(wire => wire.Value)];
    }
}
