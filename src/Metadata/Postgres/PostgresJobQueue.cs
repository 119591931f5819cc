using Npgsql;

namespace Rag.Metadata.Postgres;

/// <summary>The statements that put jobs into the queue and take them out of it.</summary>
internal static class PostgresJobQueue
{
    public const string Columns =
        "number, job_id, workspace_id, workspace, document_id, file_name, media_type, metadata, force, state, outcome, "
        + "reason, attempts, fence, size_bytes, content_hash, chunks, chunks_written, worker, ready_at, create_time, "
        + "update_time, priority";

    /// <summary>
    /// What stands in the way is looked for first, then the workspace's row of job_backlogs is taken, which holds up
    /// other submissions to it until this one is in, and only then the number is drawn. Columns: whether the workspace
    /// lives, whether the job is new, the job.
    /// </summary>
    private const string EnqueueSql =
        $"""
        WITH repeated AS (
            SELECT {Columns} FROM ingestion_jobs WHERE workspace_id = $1 AND request_id = $2 AND request_id <> ''),
        living AS MATERIALIZED (
            SELECT 1 FROM workspaces
            WHERE workspace_id = $1 AND state <> 3 AND (SELECT count(*) FROM repeated) = 0 FOR SHARE),
        room AS (
            INSERT INTO job_backlogs AS backlog (workspace_id, unfinished)
            SELECT $1, 1 FROM living WHERE $3 >= 1
            ON CONFLICT (workspace_id) DO UPDATE SET unfinished = backlog.unfinished + 1 WHERE backlog.unfinished < $3
            RETURNING 1),
        turn AS (
            INSERT INTO job_turns (workspace_id, turn)
            SELECT $1, coalesce((SELECT max(turn) FROM job_turns), 0) + 1 FROM room
            ON CONFLICT DO NOTHING),
        queued AS (
            INSERT INTO ingestion_jobs (job_id, workspace_id, workspace, document_id, file_name, media_type, metadata,
                force, request_id, state, outcome, reason, attempts, fence, size_bytes, content_hash, chunks,
                chunks_written, worker, ready_at, create_time, update_time, priority)
            SELECT $4, $1, $5, $6, $7, $8, $9, $10, $2, 1, 0, '', 0, 0, $11, $12, 0, 0, '', t.at, t.at, t.at, $14
            FROM room, (SELECT coalesce($13::timestamptz, now()) AS at) t
            RETURNING {Columns}),
        found AS (SELECT true AS is_new, * FROM queued UNION ALL SELECT false, * FROM repeated)
        SELECT (SELECT count(*) FROM living) > 0, found.*
        FROM (SELECT) AS one LEFT JOIN found ON true
        """;

    /// <summary>
    /// A job is due if its time has come and no earlier job of the same document is unfinished: two versions of one
    /// document never overtake each other. The inner query stays one by its LIMIT: a look into an index for each job. As a
    /// boolean the planner takes it to be true for every other job; a comparison with NULL it takes to be hardly ever
    /// true, and then gathers and sorts all jobs of a workspace to find the first.
    /// </summary>
    private const string IsDue =
        """
        due.ready_at IS NOT NULL AND due.ready_at <= coalesce($1::timestamptz, now())
            AND coalesce((SELECT false FROM ingestion_jobs earlier
                WHERE earlier.workspace_id = due.workspace_id AND earlier.document_id = due.document_id
                    AND earlier.number < due.number AND earlier.ready_at IS NOT NULL LIMIT 1), true)
        """;

    /// <summary>
    /// Takes the jobs that were picked (number, workspace_id, place), and sends their workspaces to the end of the turns;
    /// where another claim moves one just now, that is enough.
    /// </summary>
    private const string TakePicked =
        $"""
        free AS MATERIALIZED (
            SELECT workspace_id FROM job_turns WHERE workspace_id IN (SELECT workspace_id FROM picked)
            FOR UPDATE SKIP LOCKED),
        moved AS (
            UPDATE job_turns t SET turn = p.last + (SELECT max(turn) FROM job_turns)
            FROM (SELECT workspace_id, max(place) AS last FROM picked GROUP BY workspace_id) p
            WHERE t.workspace_id = p.workspace_id AND t.workspace_id IN (SELECT workspace_id FROM free)),
        claimed AS (
            UPDATE ingestion_jobs SET state = 2, attempts = attempts + 1, fence = fence + 1, worker = $2, chunks = 0,
                chunks_written = 0, ready_at = coalesce($1::timestamptz, now()) + $3,
                update_time = coalesce($1::timestamptz, now())
            FROM picked p WHERE ingestion_jobs.number = p.number
            RETURNING p.place, ingestion_jobs.*)
        SELECT {Columns} FROM claimed ORDER BY place
        """;

    /// <summary>
    /// Takes jobs round the workspaces in the order of their turns, one of each and then again, in one statement:
    /// <code>
    ///   turns    workspaces with room in this worker's share, in the order of their turns
    ///   ready    the first of them with a job that is due
    ///   due      a number of due jobs of each, locked; jobs that another worker has locked are passed over
    ///   picked   of these the first round, the second round, …
    /// </code>
    /// Nothing here waits for a lock. With as many ready workspaces as jobs are wanted, one job of each is locked; with
    /// fewer, some that are not picked are locked too until the statement is over.
    /// </summary>
    private const string ClaimSql =
        $"""
        WITH turns AS (
            SELECT t.workspace_id, t.turn,
                least($4, coalesce((SELECT s.room FROM unnest($5, $6) AS s (id, room) WHERE s.id = t.workspace_id), $7)) AS room
            FROM job_turns t),
        ready AS MATERIALIZED (
            SELECT t.workspace_id, t.turn, t.room
            FROM turns t CROSS JOIN LATERAL (
                SELECT 1 FROM ingestion_jobs due WHERE due.workspace_id = t.workspace_id AND {IsDue}
                ORDER BY due.priority, due.number LIMIT 1) one
            WHERE t.room > 0 ORDER BY t.turn LIMIT $4),
        due AS MATERIALIZED (
            SELECT t.workspace_id, t.turn, d.number,
                row_number() OVER (PARTITION BY t.workspace_id ORDER BY d.priority, d.number) AS round
            FROM ready t CROSS JOIN LATERAL (
                SELECT due.number, due.priority FROM ingestion_jobs due
                WHERE due.workspace_id = t.workspace_id AND {IsDue} ORDER BY due.priority, due.number
                LIMIT least(t.room, $4 - (SELECT count(*) FROM ready) + 1) FOR UPDATE OF due SKIP LOCKED) d),
        picked AS MATERIALIZED (
            SELECT number, workspace_id, row_number() OVER (ORDER BY round, turn) AS place
            FROM due ORDER BY round, turn LIMIT $4),
        {TakePicked}
        """;

    /// <summary>Takes one job; waits for whoever has it locked, and then sees whether it is due still.</summary>
    private const string ClaimOneSql =
        $"""
        WITH picked AS MATERIALIZED (
            SELECT due.number, due.workspace_id, 1 AS place FROM ingestion_jobs due
            WHERE due.job_id = $4 AND {IsDue} FOR UPDATE OF due),
        {TakePicked}
        """;

    /// <summary>
    /// Gives each workspace an equal part of the list, in the order of turns; looks at no more workspaces than it needs.
    /// </summary>
    private const string ListDueSql =
        $"""
        SELECT d.job_id, t.workspace_id, d.priority, d.fence
        FROM job_turns t CROSS JOIN LATERAL (
            SELECT due.job_id, due.priority, due.number, due.fence FROM ingestion_jobs due
            WHERE due.workspace_id = t.workspace_id AND {IsDue} ORDER BY due.priority, due.number
            LIMIT least($2, greatest($3 / (SELECT count(*) FROM (SELECT FROM job_turns LIMIT $3) few), 1))) d
        ORDER BY t.turn, d.priority, d.number LIMIT $3
        """;

    /// <summary>
    /// Opens a dead letter unless a later job of its document is done or under way. Columns: the status, the job. To be
    /// run while the workspace's row of job_backlogs is held.
    /// </summary>
    private const string RequeueSql =
        $"""
        WITH job AS (SELECT {Columns} FROM ingestion_jobs WHERE job_id = $1 AND workspace_id = $2),
        overtaken AS MATERIALIZED (
            SELECT 1 FROM job WHERE
                (SELECT 1 FROM ingestion_jobs later WHERE later.workspace_id = $2 AND later.document_id = job.document_id
                    AND later.number > job.number AND later.ready_at IS NOT NULL LIMIT 1) IS NOT NULL
                OR (SELECT 1 FROM ingestion_jobs later WHERE later.workspace_id = $2
                    AND later.document_id = job.document_id AND later.number > job.number AND later.state = 5 LIMIT 1)
                    IS NOT NULL),
        requeued AS (
            UPDATE ingestion_jobs SET state = 1, attempts = 0, fence = fence + 1, chunks = 0, chunks_written = 0,
                ready_at = coalesce($4::timestamptz, now()), update_time = coalesce($4::timestamptz, now())
            WHERE job_id = $1 AND workspace_id = $2 AND state = 6 AND NOT EXISTS (SELECT FROM overtaken)
                AND (SELECT unfinished FROM job_backlogs WHERE workspace_id = $2) < $3
            RETURNING {Columns})
        SELECT 1, requeued.* FROM requeued
        UNION ALL
        SELECT CASE WHEN state <> 6 THEN 3 WHEN EXISTS (SELECT FROM overtaken) THEN 4 ELSE 5 END, job.*
        FROM job WHERE NOT EXISTS (SELECT FROM requeued)
        """;

    public static PostgresStatement Enqueue(NewJob job, int maxUnfinished, object? now) => PostgresStatement.Of(
        EnqueueSql, job.WorkspaceUid, job.RequestId, (long)maxUnfinished, job.JobId, job.Workspace, job.DocumentId,
        PostgresValues.Readable(job.FileName), PostgresValues.Readable(job.MediaType), job.Metadata, job.Force,
        job.SizeBytes, job.ContentHash, now, (short)job.Priority);

    public static JobEnqueue ReadEnqueue(NpgsqlDataReader row)
    {
        if (!row.IsDBNull(1))
        {
            var status = row.GetBoolean(1) ? JobEnqueueStatus.Queued : JobEnqueueStatus.Repeated;
            return new JobEnqueue(status, Read(row, 2));
        }

        return new JobEnqueue(row.GetBoolean(0) ? JobEnqueueStatus.QueueFull : JobEnqueueStatus.WorkspaceGone, null);
    }

    public static PostgresStatement Claim(string worker, int max, TimeSpan lease, ClaimShare share, object? now)
    {
        var held = share.Held.Keys.ToArray();
        var rooms = Array.ConvertAll(held, share.RoomOf);
        return PostgresStatement.Of(ClaimSql, now, worker, lease, (long)max, held, rooms, share.MostOfOneWorkspace);
    }

    public static PostgresStatement ClaimOne(Guid jobId, string worker, TimeSpan lease, object? now) =>
        PostgresStatement.Of(ClaimOneSql, now, worker, lease, jobId);

    public static PostgresStatement ListDue(int mostOfOneWorkspace, int max, object? now) =>
        PostgresStatement.Of(ListDueSql, now, (long)mostOfOneWorkspace, (long)max);

    public static DueJob ReadDue(NpgsqlDataReader row) =>
        new(row.GetGuid(0), row.GetGuid(1), (JobPriority)row.GetInt16(2), row.GetInt64(3));

    /// <summary>Two statements: what is queued or ended while the first one waits, the second one sees.</summary>
    public static PostgresStatement[] Requeue(Guid workspaceUid, Guid jobId, int maxUnfinished, object? now) =>
    [
        PostgresStatement.Of("UPDATE job_backlogs SET unfinished = unfinished WHERE workspace_id = $1", workspaceUid),
        PostgresStatement.Of(RequeueSql, jobId, workspaceUid, (long)maxUnfinished, now),
    ];

    public static JobRequeue ReadRequeue(NpgsqlDataReader row) =>
        new((JobRequeueStatus)row.GetInt32(0), Read(row, 1));

    public static JobRecord Read(NpgsqlDataReader row) => Read(row, 0);

    private static JobRecord Read(NpgsqlDataReader row, int first) => new()
    {
        Number = row.GetInt64(first),
        JobId = row.GetGuid(first + 1),
        WorkspaceUid = row.GetGuid(first + 2),
        Workspace = row.GetString(first + 3),
        DocumentId = row.GetString(first + 4),
        FileName = row.GetString(first + 5),
        MediaType = row.GetString(first + 6),
        Metadata = row.GetBytes(first + 7),
        Force = row.GetBoolean(first + 8),
        State = (JobState)row.GetInt16(first + 9),
        Outcome = (JobOutcome)row.GetInt16(first + 10),
        Reason = row.GetString(first + 11),
        Attempts = row.GetInt32(first + 12),
        Fence = row.GetInt64(first + 13),
        SizeBytes = row.GetInt64(first + 14),
        ContentHash = row.GetBytes(first + 15),
        Chunks = row.GetInt64(first + 16),
        ChunksWritten = row.GetInt64(first + 17),
        Worker = row.GetString(first + 18),
        ReadyTime = row.IsDBNull(first + 19) ? null : row.GetTime(first + 19),
        CreateTime = row.GetTime(first + 20),
        UpdateTime = row.GetTime(first + 21),
        Priority = (JobPriority)row.GetInt16(first + 22),
    };
}
