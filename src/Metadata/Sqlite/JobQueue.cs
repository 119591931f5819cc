using Microsoft.Data.Sqlite;

namespace Rag.Metadata.Sqlite;

/// <summary>What happens to the queue of jobs inside a transaction.</summary>
internal static class JobQueue
{
    public const string Columns =
        "number, job_id, workspace_uid, workspace, document_id, file_name, media_type, metadata, force, state, "
        + "outcome, reason, attempts, fence, size_bytes, content_hash, chunks, chunks_written, worker, ready_at, "
        + "create_time, update_time, priority";

    /// <summary>No earlier job of the same document is unfinished: two versions of one never overtake each other.</summary>
    private const string IsNext =
        """
        NOT EXISTS (SELECT 1 FROM jobs AS earlier INDEXED BY jobs_of_document
            WHERE earlier.workspace_uid = due.workspace_uid AND earlier.document_id = due.document_id
                AND earlier.number < due.number AND earlier.ready_at IS NOT NULL)
        """;

    private const string DueOfWorkspace =
        " FROM jobs AS due INDEXED BY jobs_unfinished WHERE workspace_uid = @0 AND ready_at IS NOT NULL "
        + "AND ready_at <= @1 AND " + IsNext + " ORDER BY priority, number LIMIT ";

    private const string FirstDue = "SELECT number" + DueOfWorkspace + "1";

    public static JobEnqueue Enqueue(SqliteSession session, NewJob job, int maxUnfinished, DateTimeOffset now)
    {
        if (job.RequestId.Length > 0 && FindByRequest(session, job.WorkspaceUid, job.RequestId) is { } repeated)
            return new JobEnqueue(JobEnqueueStatus.Repeated, repeated);
        var living = session.ReadLong(
            "SELECT 1 FROM workspaces WHERE uid = @0 AND state <> @1",
            job.WorkspaceUid, (int)WorkspaceState.Deleting) is not null;
        if (!living)
            return new JobEnqueue(JobEnqueueStatus.WorkspaceGone, null);
        var unfinished = session.ReadLong("SELECT unfinished FROM turns WHERE workspace_uid = @0", job.WorkspaceUid);
        if (unfinished >= maxUnfinished)
            return new JobEnqueue(JobEnqueueStatus.QueueFull, null);
        session.Execute(
            """
            INSERT INTO jobs (job_id, workspace_uid, workspace, document_id, file_name, media_type, metadata, force,
                request_id, state, outcome, reason, attempts, fence, size_bytes, content_hash, chunks, chunks_written,
                worker, ready_at, create_time, update_time, priority)
            VALUES (@0, @1, @2, @3, @4, @5, @6, @7, @8, 1, 0, '', 0, 0, @9, @10, 0, 0, '', @11, @11, @11, @12)
            """,
            job.JobId, job.WorkspaceUid, job.Workspace, job.DocumentId, job.FileName, job.MediaType, job.Metadata,
            job.Force, job.RequestId, job.SizeBytes, job.ContentHash, now, (int)job.Priority);
        return new JobEnqueue(JobEnqueueStatus.Queued, Find(session, job.WorkspaceUid, job.JobId));
    }

    public static bool HasReady(SqliteSession session, DateTimeOffset now) => session.ReadLong(
        "SELECT 1 FROM jobs WHERE ready_at IS NOT NULL AND ready_at <= @0 LIMIT 1", now) is not null;

    /// <summary>Goes round the workspaces in the order of their turns, one job each, until there are enough.</summary>
    public static List<JobRecord> Claim(
        SqliteSession session, string worker, int max, ClaimShare share, DateTimeOffset now, DateTimeOffset until)
    {
        var claimed = new List<JobRecord>(max);
        var room = new Dictionary<Guid, int>();
        var waiting = new Queue<Guid>(session.ReadAll(
            static row => row.GetUuid(0), "SELECT workspace_uid FROM turns ORDER BY turn"));
        while (claimed.Count < max && waiting.TryDequeue(out var workspace))
        {
            var left = room.TryGetValue(workspace, out var known) ? known : share.RoomOf(workspace);
            if (left <= 0)
                continue;
            if (session.ReadLong(FirstDue, workspace, now) is not { } number)
                continue;
            claimed.Add(Take(session, number, workspace, worker, now, until));
            room[workspace] = left - 1;
            waiting.Enqueue(workspace);
        }

        return claimed;
    }

    /// <summary>The job, claimed; null if it is not due.</summary>
    public static JobRecord? ClaimOne(
        SqliteSession session, Guid jobId, string worker, DateTimeOffset now, DateTimeOffset until)
    {
        if (NumberIfDue(session, jobId, now) is not { } number)
            return null;
        var workspace = session.ReadOne(
            static row => new JobWorkspace(row.GetUuid(0)), "SELECT workspace_uid FROM jobs WHERE number = @0", number)!;
        return Take(session, number, workspace.Uid, worker, now, until);
    }

    /// <summary>The number of the job if it may be claimed now.</summary>
    public static long? NumberIfDue(SqliteSession session, Guid jobId, DateTimeOffset now) => session.ReadLong(
        "SELECT number FROM jobs AS due WHERE job_id = @0 AND ready_at IS NOT NULL AND ready_at <= @1 AND " + IsNext,
        jobId, now);

    /// <summary>Goes round the workspaces in the order of their turns and gives each an equal part of the list.</summary>
    public static List<DueJob> ListDue(SqliteSession session, int mostOfOneWorkspace, int max, DateTimeOffset now)
    {
        var due = new List<DueJob>();
        var waiting = session.ReadLong("SELECT count(*) FROM turns") ?? 0;
        var part = (int)Math.Clamp(max / Math.Max(1, waiting), 1, mostOfOneWorkspace);
        foreach (var workspace in session.ReadAll(
            static row => row.GetUuid(0), "SELECT workspace_uid FROM turns ORDER BY turn"))
        {
            if (due.Count >= max)
                break;
            due.AddRange(session.ReadAll(
                row => new DueJob(
                    row.GetUuid(0), workspace, (JobPriority)row.GetInt64(1), row.GetInt64(2)),
                "SELECT job_id, priority, fence" + DueOfWorkspace + "@2", workspace, now,
                Math.Min(part, max - due.Count)));
        }

        return due;
    }

    public static JobRequeue Requeue(
        SqliteSession session, Guid workspaceUid, Guid jobId, int maxUnfinished, DateTimeOffset now)
    {
        if (Find(session, workspaceUid, jobId) is not { } job)
            return new JobRequeue(JobRequeueStatus.NotFound, null);
        if (job.State != JobState.Failed)
            return new JobRequeue(JobRequeueStatus.NotFailed, job);
        var overtaken = session.ReadLong(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_of_document WHERE workspace_uid = @0 "
            + "AND document_id = @1 AND number > @2 AND ready_at IS NOT NULL) "
            + "OR EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_done WHERE workspace_uid = @0 AND document_id = @1 "
            + "AND number > @2 AND state = 5)",
            workspaceUid, job.DocumentId, job.Number) is not null;
        if (overtaken)
            return new JobRequeue(JobRequeueStatus.Overtaken, job);
        var unfinished = session.ReadLong("SELECT unfinished FROM turns WHERE workspace_uid = @0", workspaceUid);
        if (unfinished >= maxUnfinished)
            return new JobRequeue(JobRequeueStatus.QueueFull, job);
        session.Execute(
            "UPDATE jobs SET state = 1, attempts = 0, fence = fence + 1, ready_at = @1, update_time = @1, chunks = 0, "
            + "chunks_written = 0 WHERE number = @0", job.Number, now);
        return new JobRequeue(JobRequeueStatus.Requeued, Find(session, workspaceUid, jobId));
    }

    public static JobRecord? Find(SqliteSession session, Guid workspaceUid, Guid jobId) => session.ReadOne(Read,
        $"SELECT {Columns} FROM jobs WHERE job_id = @0 AND workspace_uid = @1", jobId, workspaceUid);

    public static JobRecord? FindByRequest(SqliteSession session, Guid workspaceUid, string requestId) =>
        session.ReadOne(Read,
            $"SELECT {Columns} FROM jobs WHERE workspace_uid = @0 AND request_id = @1 AND request_id <> ''",
            workspaceUid, requestId);

    public static JobRecord Read(SqliteDataReader row) => new()
    {
        Number = row.GetInt64(0),
        JobId = row.GetUuid(1),
        WorkspaceUid = row.GetUuid(2),
        Workspace = row.GetString(3),
        DocumentId = row.GetString(4),
        FileName = row.GetString(5),
        MediaType = row.GetString(6),
        Metadata = row.GetBlob(7),
        Force = row.GetBoolean(8),
        State = (JobState)row.GetInt64(9),
        Outcome = (JobOutcome)row.GetInt64(10),
        Reason = row.GetString(11),
        Attempts = row.GetInt32(12),
        Fence = row.GetInt64(13),
        SizeBytes = row.GetInt64(14),
        ContentHash = row.GetBlob(15),
        Chunks = row.GetInt64(16),
        ChunksWritten = row.GetInt64(17),
        Worker = row.GetString(18),
        ReadyTime = row.IsDBNull(19) ? null : row.GetTime(19),
        CreateTime = row.GetTime(20),
        UpdateTime = row.GetTime(21),
        Priority = (JobPriority)row.GetInt64(22),
    };

    private static JobRecord Take(
        SqliteSession session, long number, Guid workspace, string worker, DateTimeOffset now, DateTimeOffset until)
    {
        session.Execute(
            "UPDATE jobs SET state = @0, attempts = attempts + 1, fence = fence + 1, worker = @1, ready_at = @2, "
            + "chunks = 0, chunks_written = 0, update_time = @3 WHERE number = @4",
            (int)JobState.Extracting, worker, until, now, number);
        session.Execute(
            "UPDATE turns SET turn = (SELECT max(turn) + 1 FROM turns) WHERE workspace_uid = @0", workspace);
        return session.ReadOne(Read, $"SELECT {Columns} FROM jobs WHERE number = @0", number)!;
    }

    private sealed record JobWorkspace(Guid Uid);
}
