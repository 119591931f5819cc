using Grpc.Core;
using Rag.Hosting.Topology;
using Rag.Hosting.Wire;
using Rag.Internal.V1;

namespace Rag.Router.Shards;

/// <summary>Shards of this process, called without a socket. Thread-safe.</summary>
public sealed class InProcessShardConnections : IShardConnections
{
    private readonly Dictionary<string, (CallInvoker Invoker, ShardService.ShardServiceClient Client)> _shards =
        new(StringComparer.Ordinal);

    private readonly ILocalSearch? _local;

    /// <summary>Shards by their names in the topology.</summary>
    public InProcessShardConnections(IReadOnlyDictionary<string, CallInvoker> shards)
    {
        ArgumentNullException.ThrowIfNull(shards);
        foreach (var (name, invoker) in shards)
            _shards.Add(name, (invoker, new ShardService.ShardServiceClient(invoker)));
    }

    /// <summary>One shard that holds everything: the embedded default.</summary>
    /// <param name="name">Its name in the topology.</param>
    /// <param name="shard">The way to its services.</param>
    /// <param name="local">The shortest way to its index; null for none.</param>
    public InProcessShardConnections(string name, CallInvoker shard, ILocalSearch? local = null)
        : this(new Dictionary<string, CallInvoker> { [name] = shard }) => _local = local;

    /// <inheritdoc/>
    /// <exception cref="RpcException">UNAVAILABLE: no such shard is in this process.</exception>
    public ShardService.ShardServiceClient For(ShardNode shard) => Find(shard).Client;

    /// <inheritdoc/>
    /// <exception cref="RpcException">UNAVAILABLE: no such shard is in this process.</exception>
    public CallInvoker InvokerFor(ShardNode shard) => Find(shard).Invoker;

    /// <inheritdoc/>
    public ILocalSearch? LocalFor(ShardNode shard) =>
        _local is not null && shard is not null && _shards.ContainsKey(shard.Name) ? _local : null;

    private (CallInvoker Invoker, ShardService.ShardServiceClient Client) Find(ShardNode shard)
    {
        ArgumentNullException.ThrowIfNull(shard);
        return _shards.TryGetValue(shard.Name, out var found)
            ? found
            : throw new RpcException(new Status(
                StatusCode.Unavailable, $"Shard {shard.Name} is not in this process: check the topology."));
    }
}
