using Grpc.Core;
using Rag.Router.Access;
using Rag.Router.Embedding;
using Rag.V1;

namespace Rag.Router.Services;

/// <summary>rag.v1.EmbeddingService: every call goes through the pipeline to its handler.</summary>
internal sealed class EmbeddingRpc(CallPipeline pipeline, EmbedHandler handler)
    : EmbeddingService.EmbeddingServiceBase
{
    public override Task<EmbedResponse> Embed(EmbedRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, "", WorkspaceAction.UseServer, handler,
            static (handler, request, scope) => handler.EmbedAsync(request, scope));
}
