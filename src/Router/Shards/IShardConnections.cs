using Rag.Hosting.Topology;
using Rag.Internal.V1;

namespace Rag.Router.Shards;

/// <summary>How a router reaches shards. Thread-safe.</summary>
public interface IShardConnections
{
    /// <summary>A client of this shard; cheap, meant to be asked for at each call.</summary>
    ShardService.ShardServiceClient For(ShardNode shard);
}
