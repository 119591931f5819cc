using Grpc.Core;
using Rag.Hosting.Topology;
using Rag.Hosting.Wire;
using Rag.Internal.V1;

namespace Rag.Router.Shards;

/// <summary>How a router reaches shards. Thread-safe.</summary>
public interface IShardConnections
{
    /// <summary>A client of this shard; cheap, meant to be asked for at each call.</summary>
    ShardService.ShardServiceClient For(ShardNode shard);

    /// <summary>The same way to this shard, for its other services.</summary>
    CallInvoker InvokerFor(ShardNode shard);

    /// <summary>The shard itself where it is in this process; null where it is elsewhere.</summary>
    ILocalSearch? LocalFor(ShardNode shard) => null;
}
