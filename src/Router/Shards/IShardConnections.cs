using Grpc.Core;
using Rag.Hosting.Topology;
using Rag.Internal.V1;

namespace Rag.Router.Shards;

/// <summary>How a router reaches shards. Thread-safe.</summary>
public interface IShardConnections
{
    /// <summary>A client of this shard; cheap, meant to be asked for at each call.</summary>
    ShardService.ShardServiceClient For(ShardNode shard);

    /// <summary>The same way to this shard, for its other services.</summary>
    CallInvoker InvokerFor(ShardNode shard);
}
