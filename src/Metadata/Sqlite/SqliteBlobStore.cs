using Microsoft.Extensions.Logging;

namespace Rag.Metadata.Sqlite;

/// <inheritdoc cref="IBlobStore"/>
internal sealed class SqliteBlobStore(SqliteDatabase database, ILogger logger, TimeProvider time) : IBlobStore, IBlobPieces
{
    /// <summary>Bits of a piece's key that number it within its blob: a blob has at most 2^20 pieces, 1 TiB.</summary>
    private const int PieceBits = 20;

    /// <summary>Pages of 32 KiB that one vacuum step gives back: 32 MiB, some milliseconds.</summary>
    private const int VacuumPages = 1024;

    /// <summary>Steps after one deletion: other writes go on between them; the next deletion goes on where it stops.</summary>
    private const int MaxVacuumSteps = 64;

    int IBlobPieces.PieceBytes => IBlobStore.PieceBytes;

    public IBlobWriter Create(Guid jobId) => new BlobWriter(this, jobId);

    public async ValueTask<Stream?> OpenReadAsync(Guid jobId, CancellationToken cancellationToken)
    {
        var blob = await database.ReadAsync(session => session.ReadOne(
            static row => new StoredBlob(row.GetInt64(0), row.GetInt64(1), row.GetBlob(2)),
            "SELECT id, size_bytes, sha256 FROM blobs WHERE job_id = @0 AND complete = 1", jobId), cancellationToken);
        return blob is null ? null : new BlobReadStream(this, blob);
    }

    public async Task DeleteAsync(Guid jobId, CancellationToken cancellationToken)
    {
        var deleted = await database.WriteLazilyAsync(session => Delete(session, jobId), cancellationToken);
        if (deleted)
            await VacuumAsync(cancellationToken);
    }

    public async ValueTask<IReadOnlyList<Guid>> ListUntouchedAsync(
        TimeSpan age, Guid after, int limit, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - age;
        return await database.ReadAsync(session => session.ReadAll(static row => row.GetUuid(0),
            "SELECT job_id FROM blobs WHERE job_id > @0 AND update_time < @1 ORDER BY job_id LIMIT @2",
            after, before, limit), cancellationToken);
    }

    public Task<long> AppendAsync(
        Guid jobId, long? id, long number, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return database.WriteLazilyAsync(session =>
        {
            var key = id ?? Begin(session, jobId, now);
            if (session.Execute("UPDATE blobs SET update_time = @0 WHERE id = @1", now, key) == 0)
            {
                throw new MetadataStoreException(MetadataFault.Unavailable,
                    "The bytes of this upload were cleaned up before it was complete: send the file again.");
            }

            session.Execute("INSERT INTO pieces (id, data) VALUES (@0, @1)", (key << PieceBits) + number, piece);
            return key;
        }, cancellationToken);
    }

    public Task CompleteAsync(
        Guid jobId, long? id, long number, ReadOnlyMemory<byte> lastPiece, BlobContent content,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return database.WriteAsync(session =>
        {
            var key = id ?? Begin(session, jobId, now);
            if (!lastPiece.IsEmpty)
            {
                session.Execute(
                    "INSERT INTO pieces (id, data) VALUES (@0, @1)", (key << PieceBits) + number, lastPiece);
            }

            if (session.Execute(
                "UPDATE blobs SET complete = 1, size_bytes = @0, sha256 = @1, update_time = @2 WHERE id = @3",
                content.SizeBytes, content.Sha256, now, key) == 0)
            {
                throw new MetadataStoreException(MetadataFault.Unavailable,
                    "The bytes of this upload were cleaned up before it was complete: send the file again.");
            }

            return key;
        }, cancellationToken);
    }

    public ValueTask<byte[]?> ReadPieceAsync(long id, long number, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.ReadOne(static row => row.GetBlob(0),
            "SELECT data FROM pieces WHERE id = @0", (id << PieceBits) + number), cancellationToken);

    private static long Begin(SqliteSession session, Guid jobId, DateTimeOffset now)
    {
        Delete(session, jobId);
        session.Execute(
            "INSERT INTO blobs (job_id, complete, size_bytes, sha256, update_time) VALUES (@0, 0, 0, x'', @1)",
            jobId, now);
        return session.ReadLong("SELECT id FROM blobs WHERE job_id = @0", jobId)!.Value;
    }

    private static bool Delete(SqliteSession session, Guid jobId)
    {
        if (session.ReadLong("SELECT id FROM blobs WHERE job_id = @0", jobId) is not { } id)
            return false;
        session.Execute("DELETE FROM pieces WHERE id >= @0 AND id < @1", id << PieceBits, (id + 1) << PieceBits);
        session.Execute("DELETE FROM blobs WHERE id = @0", id);
        return true;
    }

    /// <summary>True if there is more to give back. Space below one step is left for the next files.</summary>
    private static bool Vacuum(SqliteSession session)
    {
        if (session.ReadLong("PRAGMA freelist_count") is not { } free || free <= VacuumPages)
            return false;
        session.RunScript($"PRAGMA incremental_vacuum({VacuumPages})");
        return free > 2 * VacuumPages;
    }

    private async Task VacuumAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var step = 0; step < MaxVacuumSteps; step++)
            {
                if (!await database.WriteLazilyAsync(Vacuum, cancellationToken))
                    return;
            }
        }
        catch (MetadataStoreException error)
        {
            MetadataLog.VacuumFailed(logger, "blobs.db", error);
        }
    }
}
