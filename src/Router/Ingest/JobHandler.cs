using System.Globalization;
using Grpc.Core;
using Rag.Metadata;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Ingest;

/// <summary>Shows, watches and cancels jobs. Thread-safe.</summary>
internal sealed class JobHandler(IMetadataStore metadata, WorkspaceDirectory directory, TimeProvider time)
{
    /// <summary>A watcher hears of changes at most so often; the last state always comes.</summary>
    private static readonly TimeSpan WatchPace = TimeSpan.FromMilliseconds(50);

    public async Task<GetJobResponse> GetAsync(GetJobRequest request, CallScope scope) => new()
    {
        Job = IngestMapping.ToProto(await FindAsync(request.Workspace, request.JobId, scope)),
    };

    public async Task<ListJobsResponse> ListAsync(ListJobsRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        var violations = new Violations();
        var pageSize = PagingRules.PageSize(request.PageSize, violations);
        var states = new SortedSet<Metadata.JobState>();
        for (var i = 0; i < request.States.Count; i++)
        {
            if (request.States[i] is >= V1.JobState.Queued and <= V1.JobState.Cancelled)
                states.Add((Metadata.JobState)request.States[i]);
            else
                violations.Add($"states[{i}]", $"{(int)request.States[i]} is no state: leave it out.");
        }

        violations.ThrowIfAny();
        var workspace = await directory.GetAsync(request.Workspace, scope.Token);
        var query = PageToken.Query("jobs", workspace.Uid, string.Join(',', states));
        var before = ReadNumber(PageToken.Read(request.PageToken, query)?.First);
        var jobs = await metadata.Jobs.ListAsync(workspace.Uid, states, before, pageSize + 1, scope.Token);
        var response = new ListJobsResponse();
        for (var i = 0; i < jobs.Count && i < pageSize; i++)
            response.Jobs.Add(IngestMapping.ToProto(jobs[i]));
        if (jobs.Count > pageSize)
        {
            var last = jobs[pageSize - 1].Number.ToString(CultureInfo.InvariantCulture);
            response.NextPageToken = PageToken.After(query, last);
        }

        return response;
    }

    public async Task<CancelJobResponse> CancelAsync(CancelJobRequest request, CallScope scope)
    {
        var job = await FindAsync(request.Workspace, request.JobId, scope);
        var after = await metadata.Jobs.CancelAsync(job.WorkspaceUid, job.JobId, scope.Token)
            ?? throw NoJob(request.JobId);
        if (after.State == Metadata.JobState.Cancelled && !job.IsOver)
            await metadata.Blobs.DeleteAsync(job.JobId, scope.Token);
        return new CancelJobResponse { Job = IngestMapping.ToProto(after) };
    }

    public async Task<bool> WatchAsync(
        WatchJobRequest request, IServerStreamWriter<WatchJobResponse> responses, CallScope scope)
    {
        Job? last = null;
        while (true)
        {
            var job = await FindAsync(request.Workspace, request.JobId, scope);
            var now = IngestMapping.ToProto(job);
            if (!now.Equals(last))
                await responses.WriteAsync(new WatchJobResponse { Job = now }, scope.Token);
            if (job.IsOver)
                return true;
            last = now;
            await Task.Delay(WatchPace, time, scope.Token);
            await metadata.Jobs.WaitForChangeAsync(job.JobId, scope.Token);
        }
    }

    private async Task<JobRecord> FindAsync(string workspaceName, string jobId, CallScope scope)
    {
        TextRules.RequireWorkspace(workspaceName);
        if (!Guid.TryParseExact(jobId, "D", out var id))
            throw Refuse.Invalid("job_id", "It is the UUID that the job was answered with.");
        var workspace = await directory.GetAsync(workspaceName, scope.Token);
        return await metadata.Jobs.FindAsync(workspace.Uid, id, scope.Token) ?? throw NoJob(jobId);
    }

    private static long ReadNumber(string? cursor)
    {
        if (cursor is null)
            return 0;
        return long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw Refuse.Invalid("page_token", "It does not belong to this request: start over without one.");
    }

    private static RefusedException NoJob(string jobId) => Refuse.NotFound(
        $"There is no job {jobId} in this workspace: jobs that are over are forgotten after a while.");
}
