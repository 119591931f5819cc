namespace Rag.Metadata.Postgres;

/// <summary>
/// Blobs as rows of 256 KiB: what a reader or writer holds in memory, and what one statement carries. The pieces of an
/// upload are written without waiting for the disk; its completion waits for all of them.
/// </summary>
internal sealed class PostgresBlobStore(PostgresDatabase database, TimeProvider time) : IBlobStore, IBlobPieces
{
    /// <summary>Pieces that one transaction deletes: 64 MiB.</summary>
    private const int DeleteStep = 256;

    private const string Now = "coalesce($2::timestamptz, now())";

    /// <summary>The blob, made by its first piece; none if it was cleaned up or completed meanwhile.</summary>
    private const string Begun =
        $"""
        begun AS (
            INSERT INTO blobs (job_id, complete, size_bytes, sha256, update_time)
            SELECT $1, false, 0, '', {Now} WHERE $3::bigint IS NULL
            RETURNING blob_id),
        touched AS (
            UPDATE blobs SET update_time = {Now} WHERE blob_id = $3 AND NOT complete RETURNING blob_id),
        blob AS (SELECT blob_id FROM begun UNION ALL SELECT blob_id FROM touched)
        """;

    private const string Append =
        $"""
        WITH {Begun}
        INSERT INTO blob_pieces (blob_id, number, data) SELECT blob_id, $4, $5 FROM blob RETURNING blob_id
        """;

    private const string Complete =
        $"""
        WITH begun AS (
            INSERT INTO blobs (job_id, complete, size_bytes, sha256, update_time)
            SELECT $1, true, $6, $7, {Now} WHERE $3::bigint IS NULL
            RETURNING blob_id),
        touched AS (
            UPDATE blobs SET complete = true, size_bytes = $6, sha256 = $7, update_time = {Now}
            WHERE blob_id = $3 AND NOT complete
            RETURNING blob_id),
        blob AS (SELECT blob_id FROM begun UNION ALL SELECT blob_id FROM touched),
        last AS (
            INSERT INTO blob_pieces (blob_id, number, data) SELECT blob_id, $4, $5 FROM blob WHERE length($5) > 0)
        SELECT blob_id FROM blob
        """;

    public int PieceBytes => 256 * 1024;

    public IBlobWriter Create(Guid jobId) => new BlobWriter(this, jobId);

    public async ValueTask<Stream?> OpenReadAsync(Guid jobId, CancellationToken cancellationToken)
    {
        // A complete blob never changes, so whatever server has it will do.
        var blob = (await database.ReadFixedAsync(PostgresStatement.Of(
            "SELECT blob_id, size_bytes, sha256 FROM blobs WHERE job_id = $1 AND complete", jobId),
            static row => new StoredBlob(row.GetInt64(0), row.GetInt64(1), row.GetBytes(2)),
            cancellationToken)).FirstOrDefault();
        return blob is null ? null : new BlobReadStream(this, blob);
    }

    public async Task DeleteAsync(Guid jobId, CancellationToken cancellationToken)
    {
        int deleted;
        do
        {
            // The blob's row goes with the last of its pieces, so that what is left half-way is found again.
            deleted = (await database.WriteLazilyAsync(Guid.Empty, PostgresStatement.Of(
                "WITH pieces AS (DELETE FROM blob_pieces WHERE (blob_id, number) IN (SELECT p.blob_id, p.number "
                + "FROM blobs b JOIN blob_pieces p ON p.blob_id = b.blob_id WHERE b.job_id = $1 LIMIT $2) RETURNING 1), "
                + "gone AS (DELETE FROM blobs WHERE job_id = $1 AND (SELECT count(*) FROM pieces) < $2), "
                + "hidden AS (UPDATE blobs SET complete = false WHERE job_id = $1 AND complete "
                + "AND (SELECT count(*) FROM pieces) >= $2) "
                + "SELECT count(*) FROM pieces", jobId, (long)DeleteStep),
                static row => (int)row.GetInt64(0), cancellationToken))[0];
        }
        while (deleted == DeleteStep);
    }

    public async ValueTask<IReadOnlyList<Guid>> ListUntouchedAsync(
        TimeSpan age, Guid after, int limit, CancellationToken cancellationToken) =>
        await database.ReadAsync(Guid.Empty, PostgresStatement.Of(
            $"SELECT job_id FROM blobs WHERE job_id > $1 AND update_time < {Now} - $3 ORDER BY job_id LIMIT $4",
            after, PostgresValues.Now(time), age, limit), static row => row.GetGuid(0), cancellationToken);

    public async Task<long> AppendAsync(
        Guid jobId, long? id, long number, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        if (id is null)
            await DeleteAsync(jobId, cancellationToken);
        var blob = await database.WriteLazilyAsync(Guid.Empty, PostgresStatement.Of(
            Append, jobId, PostgresValues.Now(time), id, (int)number, piece),
            static row => row.GetInt64(0), cancellationToken);
        return blob.Count == 1 ? blob[0] : throw CleanedUp();
    }

    public async Task CompleteAsync(
        Guid jobId, long? id, long number, ReadOnlyMemory<byte> lastPiece, BlobContent content,
        CancellationToken cancellationToken)
    {
        if (id is null)
            await DeleteAsync(jobId, cancellationToken);
        var blob = await database.WriteAsync(Guid.Empty, PostgresStatement.Of(
            Complete, jobId, PostgresValues.Now(time), id, (int)number, lastPiece, content.SizeBytes, content.Sha256),
            static row => row.GetInt64(0), cancellationToken);
        if (blob.Count != 1)
            throw CleanedUp();
    }

    public async ValueTask<byte[]?> ReadPieceAsync(long id, long number, CancellationToken cancellationToken) =>
        (await database.ReadFixedAsync(PostgresStatement.Of(
            "SELECT data FROM blob_pieces WHERE blob_id = $1 AND number = $2", id, (int)number),
            static row => row.GetBytes(0), cancellationToken)).FirstOrDefault();

    private static MetadataStoreException CleanedUp() => new(MetadataFault.Unavailable,
        "The bytes of this upload were cleaned up before it was complete: send the file again.");
}
