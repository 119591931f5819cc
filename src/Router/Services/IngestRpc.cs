using Grpc.Core;
using Rag.Router.Access;
using Rag.Router.Ingest;
using Rag.V1;

namespace Rag.Router.Services;

/// <summary>rag.v1.IngestService: every call goes through the pipeline to its handler.</summary>
internal sealed class IngestRpc(
    CallPipeline pipeline, SubmitHandler submissions, JobHandler jobs, RequeueHandler requeues,
    DocumentHandler documents)
    : IngestService.IngestServiceBase
{
    public override Task<SubmitFileResponse> SubmitFile(
        IAsyncStreamReader<SubmitFileRequest> requestStream, ServerCallContext context) =>
        pipeline.RunStreamAsync(context, scope => submissions.SubmitFileAsync(requestStream, context, scope));

    public override Task<SubmitTextResponse> SubmitText(SubmitTextRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Source?.Workspace ?? "", WorkspaceAction.WriteDocuments,
            submissions, static (handler, request, scope) => handler.SubmitTextAsync(request, scope));

    public override Task<GetJobResponse> GetJob(GetJobRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ReadDocuments, jobs,
            static (handler, request, scope) => handler.GetAsync(request, scope));

    public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ReadDocuments, jobs,
            static (handler, request, scope) => handler.ListAsync(request, scope));

    public override Task WatchJob(
        WatchJobRequest request, IServerStreamWriter<WatchJobResponse> responseStream, ServerCallContext context) =>
        pipeline.RunStreamAsync(context, scope =>
        {
            pipeline.Authorize(context, request.Workspace, WorkspaceAction.ReadDocuments);
            return jobs.WatchAsync(request, responseStream, scope);
        });

    public override Task<CancelJobResponse> CancelJob(CancelJobRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.WriteDocuments, jobs,
            static (handler, request, scope) => handler.CancelAsync(request, scope));

    public override Task<RequeueJobsResponse> RequeueJobs(RequeueJobsRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.WriteDocuments, requeues,
            static (handler, request, scope) => handler.RequeueAsync(request, scope));

    public override Task<ListDocumentsResponse> ListDocuments(
        ListDocumentsRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ReadDocuments, documents,
            static (handler, request, scope) => handler.ListAsync(request, scope));

    public override Task<GetDocumentResponse> GetDocument(GetDocumentRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.ReadDocuments, documents,
            static (handler, request, scope) => handler.GetAsync(request, scope));

    public override Task<DeleteDocumentResponse> DeleteDocument(
        DeleteDocumentRequest request, ServerCallContext context) =>
        pipeline.RunAsync(request, context, request.Workspace, WorkspaceAction.WriteDocuments, documents,
            static (handler, request, scope) => handler.DeleteAsync(request, scope));
}
