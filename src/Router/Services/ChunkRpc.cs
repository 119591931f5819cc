using Grpc.Core;
using Rag.Router.Access;
using Rag.Router.Chunks;
using Rag.V1;

namespace Rag.Router.Services;

/// <summary>rag.v1.ChunkService: every call goes through the pipeline to its handler.</summary>
internal sealed class ChunkRpc(
    CallPipeline pipeline, UpsertHandler upserts, BulkUpsertHandler bulk, DeleteHandler deletes, ReadHandler reads,
    ListHandler lists)
    : ChunkService.ChunkServiceBase
{
    public override Task<UpsertChunksResponse> UpsertChunks(UpsertChunksRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.WriteChunks, upserts,
            static (handler, request, scope) => handler.UpsertAsync(request, scope));

    public override Task<BulkUpsertChunksResponse> BulkUpsertChunks(
        IAsyncStreamReader<BulkUpsertChunksRequest> requestStream, ServerCallContext context) =>
        pipeline.RunStreamAsync(context, scope => bulk.RunAsync(requestStream, context, scope));

    public override Task<DeleteChunksResponse> DeleteChunks(DeleteChunksRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.WriteChunks, deletes,
            static (handler, request, scope) => handler.DeleteAsync(request, scope));

    public override Task<GetChunksResponse> GetChunks(GetChunksRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ReadChunks, reads,
            static (handler, request, scope) => handler.GetAsync(request, scope));

    public override Task<ListChunksResponse> ListChunks(ListChunksRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ReadChunks, lists,
            static (handler, request, scope) => handler.ListAsync(request, scope));

    public override Task<CountChunksResponse> CountChunks(CountChunksRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ReadChunks, reads,
            static (handler, request, scope) => handler.CountAsync(request, scope));
}
