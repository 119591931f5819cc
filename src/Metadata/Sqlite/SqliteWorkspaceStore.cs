using Microsoft.Data.Sqlite;

namespace Rag.Metadata.Sqlite;

/// <inheritdoc cref="IWorkspaceStore"/>
internal sealed class SqliteWorkspaceStore(SqliteDatabase database, ChangeSignals signals, TimeProvider time)
    : IWorkspaceStore
{
    private const int EraseStep = 500;

    private const string Columns =
        "uid, name, state, version, applied_version, settings, request_id, create_time, update_time";

    public Task<WorkspaceInsert> InsertAsync(NewWorkspace workspace, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return database.WriteAsync(session => Insert(session, workspace, now), cancellationToken);
    }

    public ValueTask<WorkspaceRecord?> FindByNameAsync(string name, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.ReadOne(Read,
            $"SELECT {Columns} FROM workspaces WHERE name = @0", name), cancellationToken);

    public ValueTask<WorkspaceRecord?> FindByUidAsync(Guid uid, CancellationToken cancellationToken) =>
        database.ReadAsync(session => FindByUid(session, uid), cancellationToken);

    public async ValueTask<IReadOnlyList<WorkspaceRecord>> ListAsync(
        string afterName, int limit, CancellationToken cancellationToken) =>
        await database.ReadAsync(session => session.ReadAll(Read,
            $"SELECT {Columns} FROM workspaces WHERE name > @0 ORDER BY name LIMIT @1", afterName, limit),
            cancellationToken);

    public async ValueTask<IReadOnlyList<WorkspaceRecord>> ListUnfinishedAsync(
        int limit, CancellationToken cancellationToken) =>
        await database.ReadAsync(session => session.ReadAll(Read,
            $"SELECT {Columns} FROM workspaces WHERE applied_version <> version ORDER BY update_time LIMIT @0", limit),
            cancellationToken);

    public Task<WorkspaceRecord?> TryUpdateAsync(
        Guid uid, long ifVersion, ReadOnlyMemory<byte> settings, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return database.WriteAsync(session =>
        {
            var changed = session.Execute(
                "UPDATE workspaces SET version = version + 1, settings = @0, update_time = @1 "
                + "WHERE uid = @2 AND version = @3 AND state = @4",
                settings, now, uid, ifVersion, (int)WorkspaceState.Active);
            return changed == 1 ? FindByUid(session, uid) : null;
        }, cancellationToken);
    }

    public Task<WorkspaceRecord?> MarkAppliedAsync(Guid uid, long version, CancellationToken cancellationToken) =>
        database.WriteAsync(session =>
        {
            session.Execute(
                "UPDATE workspaces SET applied_version = @0, state = CASE state WHEN @1 THEN @2 ELSE state END "
                + "WHERE uid = @3 AND applied_version < @0 AND version >= @0",
                version, (int)WorkspaceState.Creating, (int)WorkspaceState.Active, uid);
            return FindByUid(session, uid);
        }, cancellationToken);

    public async Task<WorkspaceRecord?> TryBeginDeleteAsync(
        Guid uid, long ifVersion, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var record = await database.WriteAsync(session => BeginDelete(session, uid, ifVersion, now), cancellationToken);
        signals.PulseAll();
        return record;
    }

    public async Task EraseAsync(Guid uid, CancellationToken cancellationToken)
    {
        // Small transactions, so that other writes go on between them.
        while (await database.WriteAsync(session => EraseStepOf(session, uid), cancellationToken))
            cancellationToken.ThrowIfCancellationRequested();
    }

    private static WorkspaceInsert Insert(SqliteSession session, NewWorkspace workspace, DateTimeOffset now)
    {
        if (workspace.RequestId.Length > 0 && session.ReadOne(Read,
            $"SELECT {Columns} FROM workspaces WHERE request_id = @0 AND request_id <> ''", workspace.RequestId)
            is { } repeated)
            return new WorkspaceInsert(WorkspaceInsertStatus.Repeated, repeated);
        if (session.ReadOne(Read, $"SELECT {Columns} FROM workspaces WHERE name = @0", workspace.Name) is { } taken)
            return new WorkspaceInsert(WorkspaceInsertStatus.NameTaken, taken);
        session.Execute(
            $"INSERT INTO workspaces ({Columns}) VALUES (@0, @1, @2, 1, 0, @3, @4, @5, @5)",
            workspace.Uid, workspace.Name, (int)WorkspaceState.Creating, workspace.Settings, workspace.RequestId, now);
        return new WorkspaceInsert(WorkspaceInsertStatus.Inserted, FindByUid(session, workspace.Uid)!);
    }

    private static WorkspaceRecord? BeginDelete(SqliteSession session, Guid uid, long ifVersion, DateTimeOffset now)
    {
        var record = FindByUid(session, uid);
        if (record is null || record.State == WorkspaceState.Deleting)
            return record;
        if (ifVersion != 0 && ifVersion != record.Version)
            return null;
        session.Execute(
            "UPDATE workspaces SET state = @0, version = version + 1, update_time = @1 WHERE uid = @2",
            (int)WorkspaceState.Deleting, now, uid);
        session.Execute(
            "UPDATE jobs SET state = @0, reason = @1, fence = fence + 1, ready_at = NULL, update_time = @2 "
            + "WHERE workspace_uid = @3 AND ready_at IS NOT NULL",
            (int)JobState.Cancelled, "The workspace is being deleted.", now, uid);
        return FindByUid(session, uid);
    }

    /// <summary>True if there is more to erase.</summary>
    private static bool EraseStepOf(SqliteSession session, Guid uid)
    {
        if (FindByUid(session, uid) is not { } record)
            return false;
        if (record.State != WorkspaceState.Deleting)
            throw new InvalidOperationException($"Workspace {uid} is {record.State}, not being deleted.");
        var erased = session.Execute(
            "DELETE FROM documents WHERE workspace_uid = @0 AND document_id IN "
            + "(SELECT document_id FROM documents WHERE workspace_uid = @0 LIMIT @1)", uid, EraseStep);
        erased += session.Execute(
            "DELETE FROM jobs WHERE number IN (SELECT number FROM jobs WHERE workspace_uid = @0 LIMIT @1)",
            uid, EraseStep);
        if (erased > 0)
            return true;
        session.Execute("DELETE FROM turns WHERE workspace_uid = @0", uid);
        session.Execute("DELETE FROM workspaces WHERE uid = @0", uid);
        return false;
    }

    private static WorkspaceRecord? FindByUid(SqliteSession session, Guid uid) =>
        session.ReadOne(Read, $"SELECT {Columns} FROM workspaces WHERE uid = @0", uid);

    private static WorkspaceRecord Read(SqliteDataReader row) => new()
    {
        Uid = row.GetUuid(0),
        Name = row.GetString(1),
        State = (WorkspaceState)row.GetInt64(2),
        Version = row.GetInt64(3),
        AppliedVersion = row.GetInt64(4),
        Settings = row.GetBlob(5),
        RequestId = row.GetString(6),
        CreateTime = row.GetTime(7),
        UpdateTime = row.GetTime(8),
    };
}
