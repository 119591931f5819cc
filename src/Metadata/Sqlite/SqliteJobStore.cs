namespace Rag.Metadata.Sqlite;

/// <inheritdoc cref="IJobStore"/>
internal sealed class SqliteJobStore(SqliteDatabase database, ChangeSignals signals, TimeProvider time) : IJobStore
{
    private const int MaxClaim = 64;
    private const int MaxDue = 4096;

    /// <summary>Guards every change by a worker: the fencing number, and that the job is claimed.</summary>
    private const string Held = " WHERE job_id = @0 AND fence = @1 AND ready_at IS NOT NULL AND state BETWEEN 2 AND 4";

    public async Task<JobEnqueue> EnqueueAsync(NewJob job, int maxUnfinished, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var outcome = await database.WriteAsync(
            session => JobQueue.Enqueue(session, job, maxUnfinished, now), cancellationToken);
        if (outcome.Status == JobEnqueueStatus.Queued)
            signals.PulseWork();
        return outcome;
    }

    public async Task<IReadOnlyList<JobRecord>> ClaimAsync(
        string worker, int max, TimeSpan lease, ClaimShare share, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(max is >= 1 and <= MaxClaim, true, nameof(max));
        var now = time.GetUtcNow();
        // Idle workers look without taking the write lock.
        var anything = await database.ReadAsync(session => JobQueue.HasReady(session, now), cancellationToken);
        if (!anything)
            return [];
        var claimed = await database.WriteAsync(
            session => JobQueue.Claim(session, worker, max, share, now, now + lease), cancellationToken);
        foreach (var job in claimed)
            signals.PulseJob(job.JobId);
        return claimed;
    }

    public async Task<JobRecord?> ClaimOneAsync(
        Guid jobId, string worker, TimeSpan lease, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        // Messages come more than once: those of jobs that are not due cost no write.
        if (await database.ReadAsync(session => JobQueue.NumberIfDue(session, jobId, now), cancellationToken) is null)
            return null;
        var claimed = await database.WriteAsync(
            session => JobQueue.ClaimOne(session, jobId, worker, now, now + lease), cancellationToken);
        if (claimed is not null)
            signals.PulseJob(jobId);
        return claimed;
    }

    public async ValueTask<IReadOnlyList<DueJob>> ListDueAsync(
        int mostOfOneWorkspace, int max, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mostOfOneWorkspace, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(max is >= 1 and <= MaxDue, true, nameof(max));
        var now = time.GetUtcNow();
        return await database.ReadAsync(
            session => JobQueue.ListDue(session, mostOfOneWorkspace, max, now), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<string>> ListWorkersAsync(CancellationToken cancellationToken) =>
        await database.ReadAsync(static session => session.ReadAll(static row => row.GetString(0),
            "SELECT DISTINCT worker FROM jobs INDEXED BY jobs_claimed WHERE ready_at IS NOT NULL AND state > 1"),
            cancellationToken);

    public async Task<int> ExpireLeasesAsync(string worker, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var expired = await database.WriteAsync(session => session.Execute(
            "UPDATE jobs SET ready_at = @1 WHERE worker = @0 AND ready_at IS NOT NULL AND state > 1 AND ready_at > @1",
            worker, now), cancellationToken);
        if (expired > 0)
            signals.PulseWork();
        return expired;
    }

    public Task<bool> RenewAsync(Guid jobId, long fence, TimeSpan lease, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + lease;
        return database.WriteLazilyAsync(session => session.Execute(
            "UPDATE jobs SET ready_at = @2" + Held, jobId, fence, until) == 1, cancellationToken);
    }

    public async Task<bool> ReportAsync(
        Guid jobId, long fence, JobProgress progress, CancellationToken cancellationToken)
    {
        if (progress.State is < JobState.Extracting or > JobState.Indexing)
            throw new ArgumentOutOfRangeException(nameof(progress), progress.State, "Not a stage of the work.");
        var now = time.GetUtcNow();
        var held = await database.WriteLazilyAsync(session => session.Execute(
            "UPDATE jobs SET state = @2, chunks = @3, chunks_written = @4, update_time = @5" + Held,
            jobId, fence, (int)progress.State, progress.Chunks, progress.ChunksWritten, now) == 1, cancellationToken);
        signals.PulseJob(jobId);
        return held;
    }

    public async Task<bool> CompleteAsync(
        Guid jobId, long fence, JobOutcome outcome, DocumentRecord? document, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var held = await database.WriteAsync(session =>
        {
            var ended = session.Execute(
                "UPDATE jobs SET state = @2, outcome = @3, reason = '', ready_at = NULL, update_time = @4, "
                + "chunks = coalesce(@5, chunks), chunks_written = coalesce(@5, chunks_written)" + Held,
                jobId, fence, (int)JobState.Done, (int)outcome, now, document?.Chunks) == 1;
            if (ended && document is not null)
                SqliteDocumentStore.Upsert(session, document, now);
            return ended;
        }, cancellationToken);
        Ended(jobId);
        return held;
    }

    public async Task<bool> RetryAsync(
        Guid jobId, long fence, string reason, TimeSpan delay, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var held = await database.WriteAsync(session => session.Execute(
            "UPDATE jobs SET state = @2, reason = @3, ready_at = @4, update_time = @5" + Held,
            jobId, fence, (int)JobState.Queued, reason, now + delay, now) == 1, cancellationToken);
        Ended(jobId);
        return held;
    }

    public async Task<bool> ReleaseAsync(Guid jobId, long fence, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var held = await database.WriteAsync(session => session.Execute(
            "UPDATE jobs SET state = @2, attempts = attempts - 1, ready_at = @3, update_time = @3" + Held,
            jobId, fence, (int)JobState.Queued, now) == 1, cancellationToken);
        Ended(jobId);
        return held;
    }

    public async Task<bool> FailAsync(Guid jobId, long fence, string reason, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var held = await database.WriteAsync(session => session.Execute(
            "UPDATE jobs SET state = @2, reason = @3, ready_at = NULL, update_time = @4" + Held,
            jobId, fence, (int)JobState.Failed, reason, now) == 1, cancellationToken);
        Ended(jobId);
        return held;
    }

    public async Task<JobRequeue> RequeueAsync(
        Guid workspaceUid, Guid jobId, int maxUnfinished, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var requeued = await database.WriteAsync(
            session => JobQueue.Requeue(session, workspaceUid, jobId, maxUnfinished, now), cancellationToken);
        if (requeued.Status == JobRequeueStatus.Requeued)
            Ended(jobId);
        return requeued;
    }

    public async Task<JobRecord?> CancelAsync(Guid workspaceUid, Guid jobId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var job = await database.WriteAsync(session =>
        {
            session.Execute(
                "UPDATE jobs SET state = @0, reason = '', fence = fence + 1, ready_at = NULL, update_time = @1 "
                + "WHERE job_id = @2 AND workspace_uid = @3 AND ready_at IS NOT NULL",
                (int)JobState.Cancelled, now, jobId, workspaceUid);
            return JobQueue.Find(session, workspaceUid, jobId);
        }, cancellationToken);
        Ended(jobId);
        return job;
    }

    public async Task<int> CancelDocumentAsync(
        Guid workspaceUid, string documentId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var cancelled = await database.WriteAsync(session => session.Execute(
            "UPDATE jobs SET state = @0, reason = @1, fence = fence + 1, ready_at = NULL, update_time = @2 "
            + "WHERE workspace_uid = @3 AND document_id = @4 AND ready_at IS NOT NULL",
            (int)JobState.Cancelled, "The document was deleted.", now, workspaceUid, documentId), cancellationToken);
        if (cancelled > 0)
            signals.PulseAll();
        return cancelled;
    }

    public ValueTask<JobRecord?> FindAsync(Guid workspaceUid, Guid jobId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => JobQueue.Find(session, workspaceUid, jobId), cancellationToken);

    public ValueTask<JobRecord?> FindByRequestAsync(
        Guid workspaceUid, string requestId, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session => JobQueue.FindByRequest(session, workspaceUid, requestId), cancellationToken);

    public async ValueTask<IReadOnlyList<JobRecord>> ListAsync(
        Guid workspaceUid, IReadOnlyCollection<JobState> states, long beforeNumber, int limit,
        CancellationToken cancellationToken)
    {
        // A bit for each state, so that one prepared statement serves every selection.
        var mask = 0;
        foreach (var state in states)
            mask |= 1 << (int)state;
        return await database.ReadAsync(session => session.ReadAll(JobQueue.Read,
            $"SELECT {JobQueue.Columns} FROM jobs WHERE workspace_uid = @0 AND (@1 = 0 OR number < @1) "
            + "AND (@2 = 0 OR (@2 >> state) & 1) ORDER BY number DESC LIMIT @3",
            workspaceUid, beforeNumber, mask, limit), cancellationToken);
    }

    public ValueTask<JobBacklog> GetBacklogAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(static session =>
        {
            using var reader = session.Statement(
                "SELECT coalesce(sum(state = 1), 0), coalesce(sum(state <> 1), 0) FROM jobs WHERE ready_at IS NOT NULL")
                .ExecuteReader();
            reader.Read();
            return new JobBacklog(reader.GetInt64(0), reader.GetInt64(1));
        }, cancellationToken);

    public ValueTask<IReadOnlySet<Guid>> FindUnfinishedAsync(
        IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) => FindAsync(
        jobIds, "SELECT 1 FROM jobs WHERE job_id = @0 AND ready_at IS NOT NULL", cancellationToken);

    public ValueTask<IReadOnlySet<Guid>> FindNeedingBytesAsync(
        IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken) => FindAsync(
        jobIds, "SELECT 1 FROM jobs WHERE job_id = @0 AND (ready_at IS NOT NULL OR state = 6)", cancellationToken);

    public Task<int> PruneAsync(TimeSpan age, int limit, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - age;
        return database.WriteLazilyAsync(session => session.Execute(
            "DELETE FROM jobs WHERE number IN "
            + "(SELECT number FROM jobs WHERE ready_at IS NULL AND update_time < @0 LIMIT @1)", before, limit),
            cancellationToken);
    }

    public Task WaitForWorkAsync(CancellationToken cancellationToken) => signals.WaitForWorkAsync(cancellationToken);

    public Task WaitForChangeAsync(Guid jobId, CancellationToken cancellationToken) =>
        signals.WaitForJobAsync(jobId, cancellationToken);

    private ValueTask<IReadOnlySet<Guid>> FindAsync(
        IReadOnlyCollection<Guid> jobIds, string condition, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlySet<Guid>>(session =>
        {
            var found = new HashSet<Guid>();
            foreach (var jobId in jobIds)
            {
                if (session.ReadLong(condition, jobId) is not null)
                    found.Add(jobId);
            }

            return found;
        }, cancellationToken);

    /// <summary>The job can be watched anew, and the next one of its document may be due.</summary>
    private void Ended(Guid jobId)
    {
        signals.PulseJob(jobId);
        signals.PulseWork();
    }
}
