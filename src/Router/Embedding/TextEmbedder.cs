using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Router.Balancing;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.V1;

namespace Rag.Router.Embedding;

/// <summary>Texts to vectors by whichever shard is there: all of them have the models. Thread-safe.</summary>
internal sealed class TextEmbedder(ReplicaCaller replicas, ITopologySource topology)
{
    private static readonly ShardOperation<EmbedTextsRequest, EmbedTextsResponse> EmbedQuery = new(
        "EmbedQuery", OperationKind.ShortRead,
        static (client, _, request, options) => client.EmbedTextsAsync(request, options));

    private static readonly ShardOperation<EmbedTextsRequest, EmbedTextsResponse> EmbedTexts = new(
        "EmbedTexts", OperationKind.Read,
        static (client, _, request, options) => client.EmbedTextsAsync(request, options));

    private static readonly ShardOperation<ListModelsRequest, ListModelsResponse> ListModels = new(
        "ListModels", OperationKind.ShortRead,
        static (client, _, request, options) => client.ListModelsAsync(request, options));

    private static readonly ShardOperation<RerankTextsRequest, RerankTextsResponse> Rerank = new(
        "RerankTexts", OperationKind.Read,
        static (client, _, request, options) => client.RerankTextsAsync(request, options));

    private volatile AllShards? _all;

    /// <summary>Embeds one text as a query.</summary>
    /// <param name="keepsEncoder">Whether no other encoder may stand in for the one that is meant.</param>
    public Task<EmbedTextsResponse> EmbedQueryAsync(
        string model, string text, Encoder encoder, bool keepsEncoder, CallScope scope)
    {
        var request = new EmbedTextsRequest
        {
            Model = model, Encoder = encoder, Query = true, KeepEncoder = keepsEncoder,
        };
        request.Texts.Add(text);
        return CallAsync(request, EmbedQuery, scope);
    }

    public Task<EmbedTextsResponse> EmbedAsync(EmbedTextsRequest request, CallScope scope) =>
        CallAsync(request, EmbedTexts, scope);

    /// <summary>Scores texts by how well they answer a query.</summary>
    public Task<RerankTextsResponse> RerankAsync(RerankTextsRequest request, CallScope scope) =>
        CallAsync(request, Rerank, scope);

    public Task<ListModelsResponse> ListModelsAsync(CallScope scope) =>
        CallAsync(new ListModelsRequest(), ListModels, scope);

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        TRequest request, ShardOperation<TRequest, TResponse> operation, CallScope scope)
    {
        try
        {
            return await replicas.CallAsync(Shards(), request, operation, scope);
        }
        catch (Grpc.Core.RpcException away) when (away.StatusCode == Grpc.Core.StatusCode.Unavailable)
        {
            throw Refuse.Unavailable("No shard can be reached to embed the text: try again.", away);
        }
    }

    // Every shard is a replica of the models; of very many each router asks the same few, and others ask others.
    private ShardGroup Shards()
    {
        var current = topology.Current;
        if (_all is { } known && ReferenceEquals(known.Topology, current))
            return known.Group;
        var nodes = current.Shards.ToArray();
        Random.Shared.Shuffle(nodes);
        var group = new ShardGroup([.. nodes.Take(ReplicaSelector.MaxReplicas)], [], new Target());
        _all = new AllShards(current, group);
        return group;
    }

    private sealed record AllShards(ClusterTopology Topology, ShardGroup Group);
}
