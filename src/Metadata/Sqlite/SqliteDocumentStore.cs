using Microsoft.Data.Sqlite;

namespace Rag.Metadata.Sqlite;

/// <inheritdoc cref="IDocumentStore"/>
internal sealed class SqliteDocumentStore(SqliteDatabase database, TimeProvider time) : IDocumentStore
{
    private const string Columns =
        "workspace_uid, document_id, title, file_name, media_type, metadata, content_hash, fingerprint, size_bytes, "
        + "chunks, version, create_time, update_time";

    public Task<bool> UpsertAsync(DocumentRecord document, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return database.WriteAsync(session => Upsert(session, document, now), cancellationToken);
    }

    public ValueTask<DocumentRecord?> FindAsync(
        Guid workspaceUid, string documentId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.ReadOne(Read,
            $"SELECT {Columns} FROM documents WHERE workspace_uid = @0 AND document_id = @1",
            workspaceUid, documentId), cancellationToken);

    public async ValueTask<IReadOnlyList<DocumentRecord>> ListAsync(
        Guid workspaceUid, string afterId, int limit, CancellationToken cancellationToken) =>
        await database.ReadAsync(session => session.ReadAll(Read,
            $"SELECT {Columns} FROM documents WHERE workspace_uid = @0 AND document_id > @1 "
            + "ORDER BY document_id LIMIT @2", workspaceUid, afterId, limit), cancellationToken);

    public Task<bool> DeleteAsync(
        Guid workspaceUid, string documentId, long ifVersion, CancellationToken cancellationToken) =>
        database.WriteAsync(session => session.Execute(
            "DELETE FROM documents WHERE workspace_uid = @0 AND document_id = @1 AND (@2 = 0 OR version = @2)",
            workspaceUid, documentId, ifVersion) == 1, cancellationToken);

    public async Task InvalidateAsync(
        Guid workspaceUid, IReadOnlyCollection<string>? documentIds, CancellationToken cancellationToken)
    {
        // Callers who only write chunks have no documents here: they pay for one short read.
        if ((await ListAsync(workspaceUid, "", 1, cancellationToken)).Count == 0)
            return;
        await database.WriteAsync(session => documentIds is null
            ? session.Execute("UPDATE documents SET fingerprint = x'' WHERE workspace_uid = @0 AND fingerprint <> x''",
                workspaceUid)
            : Invalidate(session, workspaceUid, documentIds), cancellationToken);
    }

    public async ValueTask<long> CountAsync(Guid workspaceUid, CancellationToken cancellationToken) =>
        await database.ReadAsync(session => session.ReadLong(
            "SELECT count(*) FROM documents WHERE workspace_uid = @0", workspaceUid) ?? 0, cancellationToken);

    /// <summary>Inside a transaction: records the document if its workspace lives.</summary>
    internal static bool Upsert(SqliteSession session, DocumentRecord document, DateTimeOffset now)
    {
        var living = session.ReadLong(
            "SELECT 1 FROM workspaces WHERE uid = @0 AND state <> @1",
            document.WorkspaceUid, (int)WorkspaceState.Deleting) is not null;
        if (!living)
            return false;
        session.Execute(
            $"""
            INSERT INTO documents ({Columns}) VALUES (@0, @1, @2, @3, @4, @5, @6, @7, @8, @9, @10, @11, @11)
            ON CONFLICT (workspace_uid, document_id) DO UPDATE SET
                title = excluded.title, file_name = excluded.file_name, media_type = excluded.media_type,
                metadata = excluded.metadata, content_hash = excluded.content_hash,
                fingerprint = excluded.fingerprint, size_bytes = excluded.size_bytes, chunks = excluded.chunks,
                version = excluded.version, update_time = excluded.update_time
            WHERE excluded.version >= documents.version
            """,
            document.WorkspaceUid, document.DocumentId, document.Title, document.FileName, document.MediaType,
            document.Metadata, document.ContentHash, document.Fingerprint, document.SizeBytes, document.Chunks,
            document.Version, now);
        return true;
    }

    private static int Invalidate(SqliteSession session, Guid workspaceUid, IReadOnlyCollection<string> documentIds)
    {
        var changed = 0;
        foreach (var documentId in documentIds)
        {
            changed += session.Execute(
                "UPDATE documents SET fingerprint = x'' WHERE workspace_uid = @0 AND document_id = @1",
                workspaceUid, documentId);
        }

        return changed;
    }

    private static DocumentRecord Read(SqliteDataReader row) => new()
    {
        WorkspaceUid = row.GetUuid(0),
        DocumentId = row.GetString(1),
        Title = row.GetString(2),
        FileName = row.GetString(3),
        MediaType = row.GetString(4),
        Metadata = row.GetBlob(5),
        ContentHash = row.GetBlob(6),
        Fingerprint = row.GetBlob(7),
        SizeBytes = row.GetInt64(8),
        Chunks = row.GetInt64(9),
        Version = row.GetInt64(10),
        CreateTime = row.GetTime(11),
        UpdateTime = row.GetTime(12),
    };
}
