using Microsoft.Extensions.Logging;
using Rag.Engine.Filters;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// The data of one shard: the slices of all its partitions, in memory as far as they are in use, and durable. Every
/// method is thread-safe; searches and reads take no lock and go on during writes. A write completes when it is on disk
/// and visible. Every failure is a <see cref="StoreException"/> (or OperationCanceledException).
/// </summary>
/// <remarks>
/// A mutation id is a UUIDv7 made once and kept by retries: within 10 minutes a repeated id changes nothing and gets the
/// outcome of the first; an older one is refused with <see cref="StoreErrorKind.Aborted"/>. Cancelling a write stops the
/// waiting; the write may happen all the same.
/// </remarks>
public sealed class ShardStore : IAsyncDisposable
{
    private ShardStore()
    {
    }

    /// <summary>Figures of the whole store.</summary>
    public StoreStatus Status => throw new NotSupportedException();

    /// <summary>The slices that are held, quarantined ones included, those of deleted workspaces not.</summary>
    public IReadOnlyList<SliceId> ListSlices() => throw new NotSupportedException();

    /// <summary>Opens the store: newest valid manifest, then replay of the mutation log.</summary>
    /// <exception cref="StoreException">InvalidArgument for options, Unavailable if another process holds the folder or
    /// the disk fails.</exception>
    public static Task<ShardStore> OpenAsync(
        StoreOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>
    /// Records a workspace's settings in one partition: this makes the slice, changes its spaces, or (state Deleting)
    /// drops its data. The same version again changes nothing.
    /// </summary>
    /// <exception cref="StoreException">FailedPrecondition: a newer version is recorded, a space would change its
    /// dimension or metric, or the workspace is being deleted.</exception>
    public Task<WriteStamp> PutSettingsAsync(
        int partition, WorkspaceSettings settings, Guid mutationId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>The settings recorded for a workspace in a partition; null if there are none.</summary>
    public WorkspaceSettings? FindSettings(Guid uid, int partition) => throw new NotSupportedException();

    /// <summary>
    /// Writes or patches up to 1,000 chunks, each for itself; they join their documents' current generations. Items
    /// that break a limit are reported as Invalid and the others are written. Of several writes to one key the last
    /// wins.
    /// </summary>
    /// <exception cref="StoreException">NotFound, ResourceExhausted, Unavailable, DataLoss, Aborted.</exception>
    public Task<UpsertOutcome> UpsertAsync(
        SliceId slice, IReadOnlyList<ChunkWrite> chunks, Guid mutationId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>Deletes chunks by key, by document or by filter.</summary>
    public Task<DeleteOutcome> DeleteAsync(
        SliceId slice, ChunkSelection selection, Guid mutationId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>
    /// Stages up to 1,000 chunks of a document's new generation: durable, and invisible until the commit. All writes
    /// name this document, set all fields and have no precondition; a key staged twice keeps the last. One invalid
    /// item refuses the call.
    /// </summary>
    /// <exception cref="StoreException">InvalidArgument names the first unfit chunk.</exception>
    public Task<WriteStamp> StageAsync(
        SliceId slice, string documentId, Guid generation, IReadOnlyList<ChunkWrite> chunks, Guid mutationId,
        CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>
    /// Makes a staged generation visible and all the document's former chunks invisible, in one step for every search.
    /// With no chunks expected and none staged the document becomes empty.
    /// </summary>
    /// <param name="expectedChunks">Number of staged chunks with different keys.</param>
    /// <param name="precondition">On the document's version, which is the position of its last commit; a document with
    /// singly written chunks only counts as absent.</param>
    public Task<CommitOutcome> CommitAsync(
        SliceId slice, string documentId, Guid generation, int expectedChunks, Precondition precondition,
        Guid mutationId, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Drops a staged generation; nothing happens if there is none.</summary>
    public Task<WriteStamp> AbortAsync(
        SliceId slice, string documentId, Guid generation, Guid mutationId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>Searches one vector space.</summary>
    /// <exception cref="StoreException">InvalidArgument, NotFound, DataLoss, Unavailable.</exception>
    public ValueTask<SearchAnswer> SearchAsync(
        SliceId slice, SearchQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Reads up to 1,000 chunks by key; null where there is none, in the order of the keys.</summary>
    public ValueTask<IReadOnlyList<StoredChunk?>> GetAsync(
        SliceId slice, IReadOnlyList<ChunkKey> keys, ReturnFields fields, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>
    /// Lists chunks in key order. The cursor is the last key seen, so a chunk that is there throughout is listed exactly
    /// once, whatever is written meanwhile.
    /// </summary>
    /// <param name="after">Key to continue after; null for the beginning. It need not exist.</param>
    /// <param name="pageSize">1–1,000.</param>
    /// <param name="documentId">Only chunks of this document; null for all.</param>
    public ValueTask<ChunkPage> ListAsync(
        SliceId slice, ChunkKey? after, int pageSize, string? documentId, FilterExpression? filter,
        ReturnFields fields, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Counts visible chunks.</summary>
    public ValueTask<long> CountAsync(
        SliceId slice, FilterExpression? filter, string? documentId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>What the slice knows of a document; null if it has no visible chunk and was never committed.</summary>
    public ValueTask<DocumentInfo?> FindDocumentAsync(
        SliceId slice, string documentId, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Figures of one slice.</summary>
    public ValueTask<SliceStatistics> GetStatisticsAsync(SliceId slice, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>The partition's last applied position; none if nothing was written.</summary>
    public WriteStamp LastStamp(int partition) => throw new NotSupportedException();

    /// <summary>Waits until the partition has applied everything up to <paramref name="stamp"/>.</summary>
    /// <exception cref="StoreException">FailedPrecondition: the stamp is of an epoch that this log never had.</exception>
    public ValueTask WaitForAsync(int partition, WriteStamp stamp, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>
    /// Snapshots every slice that changed, and cuts the mutation log. The store does this by itself in the background;
    /// before a backup or a planned stop it saves replay.
    /// </summary>
    public Task CheckpointAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Finishes what is being applied and closes the logs; what was acknowledged is on disk. Idempotent.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
