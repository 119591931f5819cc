using Npgsql;

namespace Rag.Metadata.Postgres;

/// <inheritdoc cref="IDocumentStore"/>
internal sealed class PostgresDocumentStore(PostgresDatabase database, TimeProvider time) : IDocumentStore
{
    /// <summary>
    /// What stands before <see cref="RecordIf"/> in a statement: the workspace's row, locked against its deletion until
    /// the document is in. $1 is the workspace.
    /// </summary>
    internal const string Living =
        "living AS MATERIALIZED (SELECT 1 FROM workspaces WHERE workspace_id = $1 AND state <> 3 FOR SHARE)";

    private const string Columns =
        "workspace_id, document_id, title, file_name, media_type, metadata, content_hash, fingerprint, size_bytes, "
        + "chunks, version, create_time, update_time";

    private const int StepRows = 100;

    /// <summary>$1: the workspace, $2: the document after which to begin, $3: rows. The last document; null: no more.</summary>
    private const string InvalidateStep =
        """
        WITH step AS MATERIALIZED (
            SELECT document_id FROM documents WHERE workspace_id = $1 AND document_id > $2 ORDER BY document_id LIMIT $3),
        invalidated AS (
            UPDATE documents SET fingerprint = ''
            WHERE workspace_id = $1 AND fingerprint <> '' AND document_id = ANY (ARRAY (SELECT document_id FROM step)))
        SELECT CASE WHEN count(*) = $3 THEN max(document_id) END FROM step
        """;

    private static readonly string Upsert = $"WITH {Living}, recorded AS ({RecordIf("true")}) SELECT count(*) FROM living";

    public async Task<bool> UpsertAsync(DocumentRecord document, CancellationToken cancellationToken) =>
        (await database.WriteAsync(document.WorkspaceUid, new PostgresStatement(Upsert, Arguments(document)),
            static row => row.GetInt64(0) > 0, cancellationToken))[0];

    public async ValueTask<DocumentRecord?> FindAsync(
        Guid workspaceUid, string documentId, CancellationToken cancellationToken) =>
        PostgresValues.CanHold(documentId)
            ? (await database.ReadAsync(workspaceUid, PostgresStatement.Of(
                $"SELECT {Columns} FROM documents WHERE workspace_id = $1 AND document_id = $2",
                workspaceUid, documentId), Read, cancellationToken)).FirstOrDefault()
            : null;

    public async ValueTask<IReadOnlyList<DocumentRecord>> ListAsync(
        Guid workspaceUid, string afterId, int limit, CancellationToken cancellationToken) =>
        await database.ReadLaggingAsync(workspaceUid, PostgresStatement.Of(
            $"SELECT {Columns} FROM documents WHERE workspace_id = $1 AND document_id > $2 ORDER BY document_id LIMIT $3",
            workspaceUid, afterId, limit), Read, cancellationToken);

    public async Task<bool> DeleteAsync(
        Guid workspaceUid, string documentId, long ifVersion, CancellationToken cancellationToken) =>
        PostgresValues.CanHold(documentId) && (await database.WriteAsync(workspaceUid, PostgresStatement.Of(
            "DELETE FROM documents WHERE workspace_id = $1 AND document_id = $2 AND ($3 = 0 OR version = $3) RETURNING 1",
            workspaceUid, documentId, ifVersion), static _ => 1, cancellationToken)).Count == 1;

    public async Task InvalidateAsync(
        Guid workspaceUid, IReadOnlyCollection<string>? documentIds, CancellationToken cancellationToken)
    {
        if (documentIds is not null)
        {
            await database.WriteAsync(workspaceUid, PostgresStatement.Of(
                "UPDATE documents SET fingerprint = '' WHERE workspace_id = $1 AND fingerprint <> '' AND document_id = ANY ($2)",
                workspaceUid, documentIds.Where(PostgresValues.CanHold).ToArray()), static _ => 0, cancellationToken);
            return;
        }

        // In steps in the order of the keys: millions of rows in one would be longer than a statement may take.
        for (var last = ""; last is not null;)
        {
            last = (await database.WriteAsync(workspaceUid, PostgresStatement.Of(
                InvalidateStep, workspaceUid, last, (long)StepRows),
                static row => row.IsDBNull(0) ? null : row.GetString(0), cancellationToken))[0];
        }
    }

    public async ValueTask<long> CountAsync(Guid workspaceUid, CancellationToken cancellationToken) =>
        (await database.ReadLaggingAsync(workspaceUid, PostgresStatement.Of(
            "SELECT coalesce((SELECT documents FROM document_counts WHERE workspace_id = $1), 0)", workspaceUid),
            static row => row.GetInt64(0), cancellationToken))[0];

    /// <summary>Records a document, $1 to $12, in a living workspace; an older version replaces nothing.</summary>
    internal static string RecordIf(string condition) =>
        $"""
        INSERT INTO documents AS former ({Columns})
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, t.at, t.at
        FROM living, (SELECT coalesce($12::timestamptz, now()) AS at) t
        WHERE {condition}
        ON CONFLICT (workspace_id, document_id) DO UPDATE SET
            title = excluded.title, file_name = excluded.file_name, media_type = excluded.media_type,
            metadata = excluded.metadata, content_hash = excluded.content_hash, fingerprint = excluded.fingerprint,
            size_bytes = excluded.size_bytes, chunks = excluded.chunks, version = excluded.version,
            update_time = excluded.update_time
        WHERE excluded.version >= former.version
        """;

    /// <summary>What <see cref="RecordIf"/> takes: $1 to $12.</summary>
    internal object?[] Arguments(DocumentRecord document) =>
    [
        document.WorkspaceUid, document.DocumentId, PostgresValues.Readable(document.Title),
        PostgresValues.Readable(document.FileName), PostgresValues.Readable(document.MediaType), document.Metadata,
        document.ContentHash, document.Fingerprint, document.SizeBytes, document.Chunks, document.Version,
        PostgresValues.Now(time),
    ];

    private static DocumentRecord Read(NpgsqlDataReader row) => new()
    {
        WorkspaceUid = row.GetGuid(0),
        DocumentId = row.GetString(1),
        Title = row.GetString(2),
        FileName = row.GetString(3),
        MediaType = row.GetString(4),
        Metadata = row.GetBytes(5),
        ContentHash = row.GetBytes(6),
        Fingerprint = row.GetBytes(7),
        SizeBytes = row.GetInt64(8),
        Chunks = row.GetInt64(9),
        Version = row.GetInt64(10),
        CreateTime = row.GetTime(11),
        UpdateTime = row.GetTime(12),
    };
}
