using Npgsql;

namespace Rag.Metadata.Postgres;

/// <inheritdoc cref="IWorkspaceStore"/>
internal sealed class PostgresWorkspaceStore(PostgresDatabase database, PostgresSignals signals, TimeProvider time)
    : IWorkspaceStore
{
    private const int EraseStep = 250;

    /// <summary>Jobs that one transaction cancels.</summary>
    private const long CancelStep = 250;

    private const string Columns =
        "workspace_id, name, state, version, applied_version, settings, request_id, create_time, update_time";

    /// <summary>Reads of single workspaces do not share this one's fate with lists of all.</summary>
    private static readonly Guid All = Guid.Empty;

    public async Task<WorkspaceInsert> InsertAsync(NewWorkspace workspace, CancellationToken cancellationToken)
    {
        // One statement decides: of two processes that insert at once, one makes the row and the other finds it.
        var insert = PostgresStatement.Of(
            $"INSERT INTO workspaces ({Columns}) SELECT $1, $2, 1, 1, 0, $3, $4, t.at, t.at "
            + "FROM (SELECT coalesce($5::timestamptz, now()) AS at) t WHERE NOT EXISTS "
            + "(SELECT FROM workspaces WHERE request_id = $4 AND request_id <> '') ON CONFLICT DO NOTHING",
            workspace.Uid, workspace.Name, workspace.Settings, workspace.RequestId, PostgresValues.Now(time));
        var look = PostgresStatement.Of(
            $"SELECT {Columns} FROM workspaces WHERE workspace_id = $1 OR name = $2 "
            + "OR (request_id = $3 AND request_id <> '')",
            workspace.Uid, workspace.Name, workspace.RequestId);
        var found = await database.WriteAsync(All, [insert, look], Read, cancellationToken);
        if (found.Find(record => record.Uid == workspace.Uid) is { } made)
            return new WorkspaceInsert(WorkspaceInsertStatus.Inserted, made);
        var repeated = found.Find(record => workspace.RequestId.Length > 0 && record.RequestId == workspace.RequestId);
        return repeated is not null
            ? new WorkspaceInsert(WorkspaceInsertStatus.Repeated, repeated)
            : new WorkspaceInsert(WorkspaceInsertStatus.NameTaken, found[0]);
    }

    public async ValueTask<WorkspaceRecord?> FindByNameAsync(string name, CancellationToken cancellationToken) =>
        PostgresValues.CanHold(name)
            ? (await database.ReadElseReplicaAsync(All, PostgresStatement.Of(
                $"SELECT {Columns} FROM workspaces WHERE name = $1", name), Read, cancellationToken)).FirstOrDefault()
            : null;

    public async ValueTask<WorkspaceRecord?> FindByUidAsync(Guid uid, CancellationToken cancellationToken) =>
        (await database.ReadElseReplicaAsync(All, ByUid(uid), Read, cancellationToken)).FirstOrDefault();

    public async ValueTask<IReadOnlyList<WorkspaceRecord>> ListAsync(
        string afterName, int limit, CancellationToken cancellationToken) =>
        await database.ReadLaggingAsync(All, PostgresStatement.Of(
            $"SELECT {Columns} FROM workspaces WHERE name > $1 ORDER BY name LIMIT $2", afterName, limit),
            Read, cancellationToken);

    public async ValueTask<IReadOnlyList<WorkspaceRecord>> ListUnfinishedAsync(
        int limit, CancellationToken cancellationToken) =>
        await database.ReadAsync(All, PostgresStatement.Of(
            $"SELECT {Columns} FROM workspaces WHERE applied_version <> version ORDER BY update_time LIMIT $1", limit),
            Read, cancellationToken);

    public async Task<WorkspaceRecord?> TryUpdateAsync(
        Guid uid, long ifVersion, ReadOnlyMemory<byte> settings, CancellationToken cancellationToken) =>
        (await database.WriteAsync(All, PostgresStatement.Of(
            "UPDATE workspaces SET version = version + 1, settings = $1, update_time = coalesce($2::timestamptz, now()) "
            + $"WHERE workspace_id = $3 AND version = $4 AND state = 2 RETURNING {Columns}",
            settings, PostgresValues.Now(time), uid, ifVersion), Read, cancellationToken)).FirstOrDefault();

    public async Task<WorkspaceRecord?> MarkAppliedAsync(
        Guid uid, long version, CancellationToken cancellationToken)
    {
        // Two statements: the second one also sees what another process marked while the first waited for it.
        var mark = PostgresStatement.Of(
            "UPDATE workspaces SET applied_version = $1, state = CASE state WHEN 1 THEN 2 ELSE state END "
            + "WHERE workspace_id = $2 AND applied_version < $1 AND version >= $1", version, uid);
        return (await database.WriteAsync(All, [mark, ByUid(uid)], Read, cancellationToken)).FirstOrDefault();
    }

    public async Task<WorkspaceRecord?> TryBeginDeleteAsync(
        Guid uid, long ifVersion, CancellationToken cancellationToken)
    {
        var now = PostgresValues.Now(time);
        var begin = PostgresStatement.Of(
            "UPDATE workspaces SET state = 3, version = version + 1, update_time = coalesce($1::timestamptz, now()) "
            + "WHERE workspace_id = $2 AND state <> 3 AND ($3 = 0 OR version = $3)", now, uid, ifVersion);
        // A statement of its own: it sees the jobs that were queued while the first one waited for them.
        var cancel = PostgresStatement.Of(
            "UPDATE ingestion_jobs SET state = 7, reason = $1, fence = fence + 1, ready_at = NULL, "
            + "update_time = coalesce($2::timestamptz, now()) WHERE number = ANY (ARRAY (SELECT number FROM ingestion_jobs "
            + "WHERE workspace_id = $3 AND ready_at IS NOT NULL ORDER BY priority, number LIMIT $4)) "
            + "AND ready_at IS NOT NULL AND EXISTS (SELECT FROM workspaces WHERE workspace_id = $3 AND state = 3)",
            "The workspace is being deleted.", now, uid, CancelStep);
        var look = PostgresStatement.Of(
            $"SELECT {Columns}, EXISTS (SELECT FROM ingestion_jobs WHERE workspace_id = $1 AND ready_at IS NOT NULL) "
            + "FROM workspaces WHERE workspace_id = $1 AND state = 3", uid);
        PostgresStatement[] statements = [begin, cancel, look];
        while (true)
        {
            var found = (await database.WriteAsync(All, statements,
                static row => (Record: Read(row), HasJobs: row.GetBoolean(9)), cancellationToken)).FirstOrDefault();
            signals.PulseAll();
            if (!found.HasJobs)
                return found.Record;
            // A tenant's flood: no more is queued from now on, and what is left goes in steps.
            statements = [cancel, look];
        }
    }

    public async Task EraseAsync(Guid uid, CancellationToken cancellationToken)
    {
        // Small transactions, so that other writes go on between them.
        while (true)
        {
            var state = await database.WriteAsync(uid, EraseStepOf(uid),
                static row => (State: (WorkspaceState?)row.GetFieldValue<short?>(0), Erased: row.GetInt64(1)),
                cancellationToken);
            if (state is not [{ State: { } living } step])
                break;
            if (living != WorkspaceState.Deleting)
                throw new InvalidOperationException($"Workspace {uid} is {living}, not being deleted.");
            if (step.Erased == 0)
                break;
        }

        await database.WriteAsync(All,
        [
            PostgresStatement.Of("DELETE FROM job_turns WHERE workspace_id = $1", uid),
            PostgresStatement.Of("DELETE FROM job_backlogs WHERE workspace_id = $1", uid),
            PostgresStatement.Of("DELETE FROM document_counts WHERE workspace_id = $1", uid),
            PostgresStatement.Of("DELETE FROM workspaces WHERE workspace_id = $1 AND state = 3", uid),
        ], static _ => 0, cancellationToken);
    }

    /// <summary>Some rows of every table that holds the workspace's; the audit log outlives it.</summary>
    private static PostgresStatement EraseStepOf(Guid uid)
    {
        (string Table, string Key)[] tables =
        [
            ("documents", "document_id"), ("document_chunks", "(document_id, chunk_id)"), ("ingestion_jobs", "number"),
            ("chat_sessions", "session_id"), ("chat_messages", "(session_id, create_time, message_id)"),
            ("api_keys", "key_id"), ("usage", "(day, metric)"),
        ];
        var steps = tables.Select(static entry =>
        {
            var columns = entry.Key.Trim('(', ')');
            return $"{entry.Table}_erased AS (DELETE FROM {entry.Table} WHERE workspace_id = $1 AND {entry.Key} IN "
                + $"(SELECT {columns} FROM {entry.Table} WHERE workspace_id = $1 LIMIT {EraseStep}) "
                + "AND EXISTS (SELECT FROM doomed) RETURNING 1)";
        });
        var counts = string.Join(" + ", tables.Select(static entry => $"(SELECT count(*) FROM {entry.Table}_erased)"));
        return PostgresStatement.Of(
            "WITH doomed AS (SELECT 1 FROM workspaces WHERE workspace_id = $1 AND state = 3), "
            + $"{string.Join(", ", steps)} SELECT state, {counts} FROM workspaces WHERE workspace_id = $1", uid);
    }

    private static PostgresStatement ByUid(Guid uid) =>
        PostgresStatement.Of($"SELECT {Columns} FROM workspaces WHERE workspace_id = $1", uid);

    private static WorkspaceRecord Read(NpgsqlDataReader row) => new()
    {
        Uid = row.GetGuid(0),
        Name = row.GetString(1),
        State = (WorkspaceState)row.GetInt16(2),
        Version = row.GetInt64(3),
        AppliedVersion = row.GetInt64(4),
        Settings = row.GetBytes(5),
        RequestId = row.GetString(6),
        CreateTime = row.GetTime(7),
        UpdateTime = row.GetTime(8),
    };
}
