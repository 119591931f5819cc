using Npgsql;

namespace Rag.Metadata.Postgres;

/// <inheritdoc cref="IJobStore"/>
internal sealed class PostgresJobStore(
    PostgresDatabase database, PostgresDocumentStore documents, PostgresSignals signals, TimeProvider time) : IJobStore
{
    private const int MaxClaim = 64;

    private const int MaxDue = 4096;

    private const int MaxEnqueueRuns = 3;

    /// <summary>Guards every change by a worker: the fencing number, and that the job is claimed.</summary>
    private const string Held = " WHERE job_id = $1 AND fence = $2 AND ready_at IS NOT NULL AND state BETWEEN 2 AND 4";

    private const string Now = "coalesce($3::timestamptz, now())";

    public async Task<JobEnqueue> EnqueueAsync(NewJob job, int maxUnfinished, CancellationToken cancellationToken)
    {
        var statement = PostgresJobQueue.Enqueue(job, maxUnfinished, PostgresValues.Now(time));
        for (var run = 1; ; run++)
        {
            try
            {
                var outcome = (await database.WriteAsync(
                    job.WorkspaceUid, statement, PostgresJobQueue.ReadEnqueue, cancellationToken))[0];
                if (outcome.Status == JobEnqueueStatus.Queued)
                    signals.PulseWork();
                return outcome;
            }
            catch (MetadataStoreException error) when (run < MaxEnqueueRuns && IsRepeatedRequest(error))
            {
                // The same request was queued a moment ago: the next run finds its job.
            }
        }
    }

    public async Task<IReadOnlyList<JobRecord>> ClaimAsync(
        string worker, int max, TimeSpan lease, ClaimShare share, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(max is >= 1 and <= MaxClaim, true, nameof(max));
        var claimed = await database.WriteAsync(
            Guid.Empty, PostgresJobQueue.Claim(worker, max, lease, share, PostgresValues.Now(time)), PostgresJobQueue.Read,
            cancellationToken);
        foreach (var job in claimed)
            signals.PulseJob(job.JobId);
        return claimed;
    }

    public async Task<JobRecord?> ClaimOneAsync(
        Guid jobId, string worker, TimeSpan lease, CancellationToken cancellationToken)
    {
        var claimed = (await database.WriteAsync(Guid.Empty,
            PostgresJobQueue.ClaimOne(jobId, worker, lease, Clock), PostgresJobQueue.Read, cancellationToken))
            .FirstOrDefault();
        if (claimed is not null)
            signals.PulseJob(jobId);
        return claimed;
    }

    public async ValueTask<IReadOnlyList<DueJob>> ListDueAsync(
        int mostOfOneWorkspace, int max, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mostOfOneWorkspace, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(max is >= 1 and <= MaxDue, true, nameof(max));
        return await database.ReadAsync(Guid.Empty,
            PostgresJobQueue.ListDue(mostOfOneWorkspace, max, Clock), PostgresJobQueue.ReadDue, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<string>> ListWorkersAsync(CancellationToken cancellationToken) =>
        await database.ReadAsync(Guid.Empty, PostgresStatement.Of(
            "SELECT DISTINCT worker FROM ingestion_jobs WHERE ready_at IS NOT NULL AND state > 1"),
            static row => row.GetString(0), cancellationToken);

    public async Task<int> ExpireLeasesAsync(string worker, CancellationToken cancellationToken)
    {
        var expired = await database.WriteAsync(Guid.Empty, PostgresStatement.Of(
            "UPDATE ingestion_jobs SET ready_at = coalesce($2::timestamptz, now()) WHERE worker = $1 "
            + "AND ready_at IS NOT NULL AND state > 1 AND ready_at > coalesce($2::timestamptz, now()) RETURNING 1",
            worker, Clock), static _ => 1, cancellationToken);
        if (expired.Count > 0)
            signals.PulseWork();
        return expired.Count;
    }

    public Task<bool> RenewAsync(Guid jobId, long fence, TimeSpan lease, CancellationToken cancellationToken) =>
        ChangeLazilyAsync(
            $"UPDATE ingestion_jobs SET ready_at = {Now} + $4{Held}", [jobId, fence, Clock, lease], cancellationToken);

    public async Task<bool> ReportAsync(
        Guid jobId, long fence, JobProgress progress, CancellationToken cancellationToken)
    {
        if (progress.State is < JobState.Extracting or > JobState.Indexing)
            throw new ArgumentOutOfRangeException(nameof(progress), progress.State, "Not a stage of the work.");
        var held = await ChangeLazilyAsync(
            $"UPDATE ingestion_jobs SET update_time = {Now}, state = $4, chunks = $5, chunks_written = $6{Held}",
            [jobId, fence, Clock, (short)progress.State, progress.Chunks, progress.ChunksWritten], cancellationToken);
        signals.PulseJob(jobId);
        return held;
    }

    public async Task<bool> CompleteAsync(
        Guid jobId, long fence, JobOutcome outcome, DocumentRecord? document, CancellationToken cancellationToken)
    {
        var statement = document is not null
            ? CompleteWith(jobId, fence, outcome, document)
            : PostgresStatement.Of(
                $"UPDATE ingestion_jobs SET state = 5, outcome = $4, reason = '', ready_at = NULL, update_time = {Now}"
                + $"{Held} RETURNING 1", jobId, fence, Clock, (short)outcome);
        var scope = document?.WorkspaceUid ?? Guid.Empty;
        var ended = await database.WriteAsync(scope, statement, static _ => 1, cancellationToken);
        Ended(jobId);
        return ended.Count == 1;
    }

    public Task<bool> RetryAsync(
        Guid jobId, long fence, string reason, TimeSpan delay, CancellationToken cancellationToken) =>
        EndAsync($"UPDATE ingestion_jobs SET state = 1, reason = $4, ready_at = {Now} + $5, update_time = {Now}{Held}",
            [jobId, fence, Clock, PostgresValues.Readable(reason), delay], cancellationToken);

    public Task<bool> ReleaseAsync(Guid jobId, long fence, CancellationToken cancellationToken) =>
        EndAsync($"UPDATE ingestion_jobs SET state = 1, attempts = attempts - 1, ready_at = {Now}, update_time = {Now}{Held}",
            [jobId, fence, Clock], cancellationToken);

    public Task<bool> FailAsync(Guid jobId, long fence, string reason, CancellationToken cancellationToken) =>
        EndAsync($"UPDATE ingestion_jobs SET state = 6, reason = $4, ready_at = NULL, update_time = {Now}{Held}",
            [jobId, fence, Clock, PostgresValues.Readable(reason)], cancellationToken);

    public async Task<JobRequeue> RequeueAsync(
        Guid workspaceUid, Guid jobId, int maxUnfinished, CancellationToken cancellationToken)
    {
        var requeued = (await database.WriteAsync(
            workspaceUid, PostgresJobQueue.Requeue(workspaceUid, jobId, maxUnfinished, Clock),
            PostgresJobQueue.ReadRequeue, cancellationToken)).FirstOrDefault();
        if (requeued?.Status == JobRequeueStatus.Requeued)
            Ended(jobId);
        return requeued ?? new JobRequeue(JobRequeueStatus.NotFound, null);
    }

    public async Task<JobRecord?> CancelAsync(Guid workspaceUid, Guid jobId, CancellationToken cancellationToken)
    {
        // Two statements: the second one also sees how another process ended the job while the first waited for it.
        var cancel = PostgresStatement.Of(
            $"UPDATE ingestion_jobs SET state = 7, reason = '', fence = fence + 1, ready_at = NULL, update_time = {Now} "
            + "WHERE job_id = $1 AND workspace_id = $2 AND ready_at IS NOT NULL", jobId, workspaceUid, Clock);
        var found = await database.WriteAsync(
            workspaceUid, [cancel, ById(workspaceUid, jobId)], PostgresJobQueue.Read, cancellationToken);
        Ended(jobId);
        return found.FirstOrDefault();
    }

    public async Task<int> CancelDocumentAsync(
        Guid workspaceUid, string documentId, CancellationToken cancellationToken)
    {
        if (!PostgresValues.CanHold(documentId))
            return 0;
        var cancelled = await database.WriteAsync(workspaceUid, PostgresStatement.Of(
            $"UPDATE ingestion_jobs SET state = 7, reason = $4, fence = fence + 1, ready_at = NULL, update_time = {Now} "
            + "WHERE workspace_id = $1 AND document_id = $2 AND ready_at IS NOT NULL RETURNING 1",
            workspaceUid, documentId, Clock, "The document was deleted."), static _ => 1, cancellationToken);
        if (cancelled.Count > 0)
            signals.PulseAll();
        return cancelled.Count;
    }

    public async ValueTask<JobRecord?> FindAsync(Guid workspaceUid, Guid jobId, CancellationToken cancellationToken) =>
        (await database.ReadAsync(
            workspaceUid, ById(workspaceUid, jobId), PostgresJobQueue.Read, cancellationToken)).FirstOrDefault();

    public async ValueTask<JobRecord?> FindByRequestAsync(
        Guid workspaceUid, string requestId, CancellationToken cancellationToken) =>
        (await database.ReadAsync(workspaceUid, PostgresStatement.Of(
            $"SELECT {PostgresJobQueue.Columns} FROM ingestion_jobs "
            + "WHERE workspace_id = $1 AND request_id = $2 AND request_id <> ''", workspaceUid, requestId),
            PostgresJobQueue.Read, cancellationToken)).FirstOrDefault();

    public async ValueTask<IReadOnlyList<JobRecord>> ListAsync(
        Guid workspaceUid, IReadOnlyCollection<JobState> states, long beforeNumber, int limit,
        CancellationToken cancellationToken)
    {
        var before = beforeNumber == 0 ? long.MaxValue : beforeNumber;
        if (states.Count == 0)
        {
            return await database.ReadLaggingAsync(workspaceUid, PostgresStatement.Of(
                $"SELECT {PostgresJobQueue.Columns} FROM ingestion_jobs WHERE workspace_id = $1 AND number < $2 "
                + "ORDER BY number DESC LIMIT $3", workspaceUid, before, limit), PostgresJobQueue.Read, cancellationToken);
        }

        // A page of each state and then one of them all: a few dead letters are not looked for among millions of jobs.
        return await database.ReadLaggingAsync(workspaceUid, PostgresStatement.Of(
            $"SELECT {PostgresJobQueue.Columns} FROM unnest($4) AS wanted (wanted_state) CROSS JOIN LATERAL ("
            + "SELECT * FROM ingestion_jobs WHERE workspace_id = $1 AND state = wanted_state AND number < $2 "
            + "ORDER BY number DESC LIMIT $3) AS page ORDER BY number DESC LIMIT $3",
            workspaceUid, before, limit, states.Distinct().Select(static state => (short)state).ToArray()),
            PostgresJobQueue.Read, cancellationToken);
    }

    // All that are unfinished are counted already, a row a workspace, and those that are claimed are few. The condition on the
    // key lets an index serve the sum.
    public async ValueTask<JobBacklog> GetBacklogAsync(CancellationToken cancellationToken) =>
        (await database.ReadAsync(Guid.Empty, PostgresStatement.Of(
            "SELECT unfinished - claimed, claimed FROM "
            + "(SELECT coalesce(sum(unfinished), 0)::bigint AS unfinished FROM job_backlogs WHERE workspace_id >= $1) a, "
            + "(SELECT count(*) AS claimed FROM ingestion_jobs WHERE ready_at IS NOT NULL AND state > 1) b", Guid.Empty),
            static row => new JobBacklog(row.GetInt64(0), row.GetInt64(1)), cancellationToken))[0];

    public ValueTask<IReadOnlySet<Guid>> FindUnfinishedAsync(
        IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) =>
        FindAsync(jobIds, "ready_at IS NOT NULL", cancellationToken);

    public ValueTask<IReadOnlySet<Guid>> FindNeedingBytesAsync(
        IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) =>
        FindAsync(jobIds, "(ready_at IS NOT NULL OR state = 6)", cancellationToken);

    public async Task<int> PruneAsync(TimeSpan age, int limit, CancellationToken cancellationToken) =>
        (await database.WriteLazilyAsync(Guid.Empty, PostgresStatement.Of(
            "DELETE FROM ingestion_jobs WHERE number = ANY (ARRAY (SELECT number FROM ingestion_jobs WHERE ready_at IS NULL "
            + $"AND update_time < {Now} - $1 ORDER BY update_time LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1",
            age, limit, Clock), static _ => 1, cancellationToken)).Count;

    public Task WaitForWorkAsync(CancellationToken cancellationToken) => signals.WaitForWorkAsync(cancellationToken);

    public Task WaitForChangeAsync(Guid jobId, CancellationToken cancellationToken) =>
        signals.WaitForJobAsync(jobId, cancellationToken);

    private object? Clock => PostgresValues.Now(time);

    /// <summary>The document's workspace is locked before the job, as its deletion does it: neither waits for ever.</summary>
    private PostgresStatement CompleteWith(Guid jobId, long fence, JobOutcome outcome, DocumentRecord document) => new(
        $"WITH {PostgresDocumentStore.Living}, ended AS (UPDATE ingestion_jobs SET state = 5, outcome = $15, reason = '', "
        + "ready_at = NULL, update_time = coalesce($12::timestamptz, now()), chunks = $10, chunks_written = $10 "
        + "WHERE (SELECT count(*) FROM living) >= 0 AND job_id = $13 AND fence = $14 AND ready_at IS NOT NULL "
        + $"AND state BETWEEN 2 AND 4 RETURNING 1), recorded AS ({PostgresDocumentStore.RecordIf("EXISTS (SELECT FROM ended)")}) "
        + "SELECT 1 FROM ended",
        [.. documents.Arguments(document), jobId, fence, (short)outcome]);

    private async ValueTask<IReadOnlySet<Guid>> FindAsync(
        IReadOnlyCollection<Guid> jobIds, string condition, CancellationToken cancellationToken) =>
        (await database.ReadAsync(Guid.Empty, PostgresStatement.Of(
            $"SELECT job_id FROM ingestion_jobs WHERE job_id = ANY ($1) AND {condition}", jobIds.ToArray()),
            static row => row.GetGuid(0), cancellationToken)).ToHashSet();

    private async Task<bool> ChangeLazilyAsync(string sql, object?[] arguments, CancellationToken cancellationToken) =>
        (await database.WriteLazilyAsync(
            Guid.Empty, new PostgresStatement(sql + " RETURNING 1", arguments), static _ => 1, cancellationToken)).Count == 1;

    private async Task<bool> EndAsync(string sql, object?[] arguments, CancellationToken cancellationToken)
    {
        var ended = await database.WriteAsync(
            Guid.Empty, new PostgresStatement(sql + " RETURNING 1", arguments), static _ => 1, cancellationToken);
        Ended((Guid)arguments[0]!);
        return ended.Count == 1;
    }

    private static PostgresStatement ById(Guid workspaceUid, Guid jobId) => PostgresStatement.Of(
        $"SELECT {PostgresJobQueue.Columns} FROM ingestion_jobs WHERE job_id = $1 AND workspace_id = $2",
        jobId, workspaceUid);

    private static bool IsRepeatedRequest(MetadataStoreException error) => error.InnerException is PostgresException
    {
        SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "ingestion_jobs_by_request",
    };

    /// <summary>The job can be watched anew, and the next one of its document may be due.</summary>
    private void Ended(Guid jobId)
    {
        signals.PulseJob(jobId);
        signals.PulseWork();
    }
}
