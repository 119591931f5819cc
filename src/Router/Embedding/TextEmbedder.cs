using Grpc.Core;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.V1;

namespace Rag.Router.Embedding;

/// <summary>Texts to vectors by whichever shard is there: all of them have the models. Thread-safe.</summary>
internal sealed class TextEmbedder(IShardConnections connections, ITopologySource topology)
{
    private uint _turn;

    /// <summary>Embeds one text as a query.</summary>
    public Task<EmbedTextsResponse> EmbedQueryAsync(string model, string text, Encoder encoder, CallScope scope)
    {
        var request = new EmbedTextsRequest { Model = model, Encoder = encoder, Query = true };
        request.Texts.Add(text);
        return CallAsync(request, static (client, body, options) => client.EmbedTextsAsync(body, options), scope);
    }

    public Task<EmbedTextsResponse> EmbedAsync(EmbedTextsRequest request, CallScope scope) =>
        CallAsync(request, static (client, body, options) => client.EmbedTextsAsync(body, options), scope);

    public Task<ListModelsResponse> ListModelsAsync(CallScope scope) =>
        CallAsync(new ListModelsRequest(),
            static (client, body, options) => client.ListModelsAsync(body, options), scope);

    /// <summary>Asks shards in turn, beginning with another one each time, until one can be reached.</summary>
    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        TRequest request,
        Func<ShardService.ShardServiceClient, TRequest, CallOptions, AsyncUnaryCall<TResponse>> method, CallScope scope)
    {
        var shards = topology.Current.Shards;
        var first = Interlocked.Increment(ref _turn);
        RpcException? away = null;
        for (var i = 0; i < shards.Length; i++)
        {
            var shard = shards[(int)((first + (uint)i) % (uint)shards.Length)];
            try
            {
                using var call = method(connections.For(shard), request,
                    new CallOptions(deadline: scope.Deadline, cancellationToken: scope.Token));
                return await call.ResponseAsync;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable)
            {
                away = error;
            }
        }

        throw Refuse.Unavailable("No shard can be reached to embed the text: try again.", away);
    }
}
