using Grpc.Core;
using Rag.Internal.V1;
using Rag.Router.Access;
using Rag.Router.Documents;

namespace Rag.Router.Services;

/// <summary>rag.internal.v1.DocumentWriterService: every call goes through the pipeline to its handler.</summary>
internal sealed class DocumentWriterRpc(CallPipeline pipeline, DocumentWriter writer)
    : DocumentWriterService.DocumentWriterServiceBase
{
    public override Task<GetSettingsResponse> GetSettings(GetSettingsRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ReadWorkspace, writer,
            static (writer, request, scope) => writer.GetSettingsAsync(request, scope));

    public override Task<WriteChunksResponse> WriteChunks(WriteChunksRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.WriteDocuments, writer,
            static (writer, request, scope) => writer.WriteAsync(request, scope));

    public override Task<CommitGenerationResponse> CommitGeneration(
        CommitGenerationRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.WriteDocuments, writer,
            static (writer, request, scope) => writer.CommitAsync(request, scope));

    public override Task<AbortGenerationResponse> AbortGeneration(
        AbortGenerationRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.WriteDocuments, writer,
            static (writer, request, scope) => writer.AbortAsync(request, scope));
}
