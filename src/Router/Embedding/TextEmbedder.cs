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
        return CallAsync(
            request, static (client, body, options) => client.EmbedTextsAsync(body, options), scope, isShort: true);
    }

    public Task<EmbedTextsResponse> EmbedAsync(EmbedTextsRequest request, CallScope scope) =>
        CallAsync(
            request, static (client, body, options) => client.EmbedTextsAsync(body, options), scope, isShort: false);

    public Task<ListModelsResponse> ListModelsAsync(CallScope scope) =>
        CallAsync(new ListModelsRequest(),
            static (client, body, options) => client.ListModelsAsync(body, options), scope, isShort: true);

    /// <summary>Asks shards in turn, beginning with another one each time, until one can be reached.</summary>
    /// <param name="isShort">
    /// The work takes milliseconds: a shard that does not answer in half of the time that is left is given up for the
    /// next one.
    /// </param>
    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        TRequest request,
        Func<ShardService.ShardServiceClient, TRequest, CallOptions, AsyncUnaryCall<TResponse>> method, CallScope scope,
        bool isShort)
    {
        var shards = topology.Current.Shards;
        var first = Interlocked.Increment(ref _turn);
        RpcException? away = null;
        for (var i = 0; i < shards.Length; i++)
        {
            var shard = shards[(int)((first + (uint)i) % (uint)shards.Length)];
            var hasNext = isShort && i + 1 < shards.Length;
            var deadline = hasNext ? DateTime.UtcNow + scope.Remaining / 2 : scope.Deadline;
            try
            {
                using var call = method(connections.For(shard), request,
                    new CallOptions(deadline: deadline, cancellationToken: scope.Token));
                return await call.ResponseAsync;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable
                || (hasNext && error.StatusCode == StatusCode.DeadlineExceeded))
            {
                away = error;
            }
        }

        throw Refuse.Unavailable("No shard can be reached to embed the text: try again.", away);
    }
}
