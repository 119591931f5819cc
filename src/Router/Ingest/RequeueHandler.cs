using Rag.Metadata;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Ingest;

/// <summary>Queues dead letters again. Thread-safe.</summary>
internal sealed class RequeueHandler(
    IMetadataStore metadata, WorkspaceDirectory directory, RouterOptions options, IJobBell bell)
{
    public async Task<RequeueJobsResponse> RequeueAsync(RequeueJobsRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        var violations = new Violations();
        if (request.JobIds.Count is 0 or > Limits.Batch)
            violations.Add("job_ids", $"There are {request.JobIds.Count}: send 1 to {Limits.Batch}.");
        var ids = new Guid[request.JobIds.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            if (!Guid.TryParseExact(request.JobIds[i], "D", out ids[i]))
                violations.Add($"job_ids[{i}]", "It is the UUID that the job was answered with.");
        }

        violations.ThrowIfAny();
        var workspace = await directory.GetAsync(request.Workspace, scope.Token);
        var response = new RequeueJobsResponse();
        for (var i = 0; i < ids.Length; i++)
        {
            var result = await RequeueAsync(workspace.Uid, ids[i], scope);
            result.JobId = request.JobIds[i];
            response.Results.Add(result);
        }

        bell.Ring();
        return response;
    }

    private async Task<RequeueJobResult> RequeueAsync(Guid workspaceUid, Guid jobId, CallScope scope)
    {
        // Looked for first: the other way round a worker could meet a job without bytes.
        await using (var bytes = await metadata.Blobs.OpenReadAsync(jobId, scope.Token))
        {
            if (bytes is null && await metadata.Jobs.FindAsync(workspaceUid, jobId, scope.Token) is { IsOver: true })
                return Failed(RefusalKind.FailedPrecondition, "Its bytes are not kept any more: submit the source again.");
        }

        var (status, job) = await metadata.Jobs.RequeueAsync(
            workspaceUid, jobId, options.MaxUnfinishedJobs, scope.Token);
        return status switch
        {
            JobRequeueStatus.Requeued => new RequeueJobResult { Job = IngestMapping.ToProto(job!) },
            JobRequeueStatus.NotFailed when !job!.IsOver => new RequeueJobResult { Job = IngestMapping.ToProto(job) },
            JobRequeueStatus.NotFailed => Failed(
                RefusalKind.FailedPrecondition, "It has not failed: only jobs in state FAILED are queued again."),
            JobRequeueStatus.Overtaken => Failed(
                RefusalKind.FailedPrecondition,
                "A later version of its document has been taken in since: submit the source again if it is the newest."),
            JobRequeueStatus.QueueFull => Failed(
                RefusalKind.ResourceExhausted,
                $"The workspace has {options.MaxUnfinishedJobs} unfinished jobs: try again when some are done."),
            _ => Failed(
                RefusalKind.NotFound, "There is no such job in this workspace: jobs that are over are forgotten after a while."),
        };
    }

    private static RequeueJobResult Failed(RefusalKind kind, string message) =>
        new() { Error = RouterStatus.ToItem(kind, message) };
}
