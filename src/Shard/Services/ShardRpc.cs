using Grpc.Core;
using Microsoft.Extensions.Logging;
using Rag.Internal.V1;
using Rag.Shard.Errors;
using Rag.Shard.Refinement;

namespace Rag.Shard.Services;

/// <summary>
/// The shard's gRPC service: each call is passed to the handler of its concern, and its failures become statuses here.
/// </summary>
internal sealed partial class ShardRpc(
    WriteHandler writes, ReadHandler reads, SearchHandler search, SearchAdmission admission, SearchStreams streams,
    FacetHandler facets, EmbedHandler embed, RerankHandler rerank, ScoreHandler score, StatusHandler status,
    ModelChangeMeter modelChanges, ILogger<ShardRpc> logger) : ShardService.ShardServiceBase
{
    public override Task<PutSettingsResponse> PutSettings(PutSettingsRequest request, ServerCallContext context) =>
        RunAsync(writes.PutSettingsAsync(request, context.CancellationToken), context);

    public override Task<UpsertResponse> Upsert(UpsertRequest request, ServerCallContext context) =>
        RunAsync(writes.UpsertAsync(request, context.CancellationToken), context);

    public override Task<DeleteResponse> Delete(DeleteRequest request, ServerCallContext context) =>
        RunAsync(writes.DeleteAsync(request, context.CancellationToken), context);

    public override Task<StageChunksResponse> StageChunks(StageChunksRequest request, ServerCallContext context) =>
        RunAsync(writes.StageAsync(request, context.CancellationToken), context);

    public override Task<CommitDocumentResponse> CommitDocument(
        CommitDocumentRequest request, ServerCallContext context) =>
        RunAsync(writes.CommitAsync(request, context.CancellationToken), context);

    public override Task<AbortDocumentResponse> AbortDocument(
        AbortDocumentRequest request, ServerCallContext context) =>
        RunAsync(writes.AbortAsync(request, context.CancellationToken), context);

    public override Task<SearchSlicesResponse> SearchSlices(SearchSlicesRequest request, ServerCallContext context) =>
        RunAsync(admission.SearchAsync(search, request, context), context);

    public override Task SearchStream(
        IAsyncStreamReader<SearchStreamRequest> requestStream, IServerStreamWriter<SearchStreamResponse> responseStream,
        ServerCallContext context) =>
        streams.RunAsync(
            requestStream, responseStream, failure => LogUnexpected(failure, context.Method), context.CancellationToken);

    public override Task<GetTextStatisticsResponse> GetTextStatistics(
        GetTextStatisticsRequest request, ServerCallContext context) =>
        RunAsync(search.GetTextStatisticsAsync(request, context.CancellationToken), context);

    public override Task<GetResponse> Get(GetRequest request, ServerCallContext context) =>
        RunAsync(reads.GetAsync(request, context.CancellationToken), context);

    public override Task<ListResponse> List(ListRequest request, ServerCallContext context) =>
        RunAsync(reads.ListAsync(request, context.CancellationToken), context);

    public override Task<CountResponse> Count(CountRequest request, ServerCallContext context) =>
        RunAsync(reads.CountAsync(request, context.CancellationToken), context);

    public override Task<CountFacetsResponse> CountFacets(CountFacetsRequest request, ServerCallContext context) =>
        RunAsync(facets.CountAsync(request, context.CancellationToken), context);

    public override Task<GetStatisticsResponse> GetStatistics(
        GetStatisticsRequest request, ServerCallContext context) =>
        RunAsync(reads.GetStatisticsAsync(request, context.CancellationToken), context);

    public override Task<MeasureModelChangeResponse> MeasureModelChange(
        MeasureModelChangeRequest request, ServerCallContext context) =>
        RunAsync(modelChanges.MeasureAsync(request, context.CancellationToken), context);

    public override Task<EmbedTextsResponse> EmbedTexts(EmbedTextsRequest request, ServerCallContext context) =>
        RunAsync(embed.EmbedAsync(request, context.Deadline, context.CancellationToken), context);

    public override Task<ScoreChunksResponse> ScoreChunks(ScoreChunksRequest request, ServerCallContext context) =>
        RunAsync(score.ScoreAsync(request, context.CancellationToken), context);

    public override Task<RerankTextsResponse> RerankTexts(RerankTextsRequest request, ServerCallContext context) =>
        RunAsync(rerank.RerankAsync(request, context.CancellationToken), context);

    public override Task<ListModelsResponse> ListModels(ListModelsRequest request, ServerCallContext context) =>
        RunAsync(Task.FromResult(embed.ListModels()), context);

    public override Task<GetStatusResponse> GetStatus(GetStatusRequest request, ServerCallContext context) =>
        RunAsync(Task.FromResult(status.GetStatus(request)), context);

    private async Task<TResponse> RunAsync<TResponse>(Task<TResponse> call, ServerCallContext context)
    {
        try
        {
            return await call;
        }
        catch (Exception failure) when (ShardStatus.Map(failure, context) is { } known)
        {
            throw known;
        }
        catch (Exception failure)
        {
            LogUnexpected(failure, context.Method);
            throw new RpcException(new Status(
                StatusCode.Internal, "The shard met an unexpected fault; its log has the details."));
        }
    }

    [LoggerMessage(6001, LogLevel.Error, "{Method} met an unexpected fault.")]
    private partial void LogUnexpected(Exception failure, string method);
}
