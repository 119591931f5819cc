using Grpc.Core;
using Rag.Router.Access;
using Rag.Router.Search;
using Rag.Router.Wire;
using Rag.V1;

namespace Rag.Router.Services;

/// <summary>
/// rag.v1.SearchService by messages, for callers in this process: every call goes through the pipeline to its handler.
/// Callers behind a socket meet <see cref="SearchWireRpc"/>.
/// </summary>
internal sealed class SearchRpc(
    CallPipeline pipeline, SearchHandler search, SearchItems items, FacetHandler facets)
    : SearchService.SearchServiceBase
{
    public override Task<SearchResponse> Search(SearchRequest request, ServerCallContext context) =>
        pipeline.RunSearchAsync(request, context, request.Workspace, search,
            static (handler, request, scope) => handler.SearchAsync(request, scope), static _ => new SearchResponse());

    public override Task<SearchBatchResponse> SearchBatch(SearchBatchRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, "", WorkspaceAction.UseServer, (items, context),
            static (state, request, scope) => state.items.BatchAsync(request, state.context, scope));

    public override Task SearchStream(
        IAsyncStreamReader<SearchStreamRequest> requestStream,
        IServerStreamWriter<SearchStreamResponse> responseStream, ServerCallContext context) =>
        pipeline.RunStreamAsync(context, scope => items.StreamAsync(
            new MessageCalls(requestStream), new MessageAnswers(responseStream), context, scope));

    public override Task<CountFacetsResponse> CountFacets(CountFacetsRequest request, ServerCallContext context) =>
        pipeline.RunSearchAsync(request, context, request.Workspace, facets,
            static (handler, request, scope) => handler.CountAsync(request, scope), static _ => new CountFacetsResponse());
}
