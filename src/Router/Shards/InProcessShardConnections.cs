using Grpc.Core;
using Rag.Hosting.Topology;
using Rag.Internal.V1;

namespace Rag.Router.Shards;

/// <summary>Shards of this process, called without a socket. Thread-safe.</summary>
public sealed class InProcessShardConnections : IShardConnections
{
    private readonly Dictionary<string, ShardService.ShardServiceClient> _clients = new(StringComparer.Ordinal);

    /// <summary>Shards by their names in the topology.</summary>
    public InProcessShardConnections(IReadOnlyDictionary<string, CallInvoker> shards)
    {
        ArgumentNullException.ThrowIfNull(shards);
        foreach (var (name, invoker) in shards)
            _clients.Add(name, new ShardService.ShardServiceClient(invoker));
    }

    /// <summary>One shard that holds everything: the embedded default.</summary>
    public InProcessShardConnections(string name, CallInvoker shard)
        : this(new Dictionary<string, CallInvoker> { [name] = shard })
    {
    }

    /// <inheritdoc/>
    /// <exception cref="RpcException">UNAVAILABLE: no such shard is in this process.</exception>
    public ShardService.ShardServiceClient For(ShardNode shard)
    {
        ArgumentNullException.ThrowIfNull(shard);
        return _clients.TryGetValue(shard.Name, out var client)
            ? client
            : throw new RpcException(new Status(
                StatusCode.Unavailable, $"Shard {shard.Name} is not in this process: check the topology."));
    }
}
