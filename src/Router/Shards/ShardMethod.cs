using Grpc.Core;
using Rag.Internal.V1;

namespace Rag.Router.Shards;

/// <summary>Starts one call to a shard. Static lambdas with a state, so that a call allocates no closure.</summary>
internal delegate AsyncUnaryCall<TResponse> ShardMethod<in TState, TResponse>(
    ShardService.ShardServiceClient client, Target target, TState state, CallOptions options);
