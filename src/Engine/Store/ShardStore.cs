// Over 400 lines: the whole facade of the engine in one place, most of it what callers need to read.
using Microsoft.Extensions.Logging;
using Rag.Engine.Filters;
using Rag.Engine.Slices;
using Rag.Engine.Sparse;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// The data of one shard: the slices of all its partitions, in memory as far as they are in use, and durable. Every
/// method is thread-safe; searches and reads take no lock and go on during writes. A write completes when it is on disk
/// and visible. Every failure is a <see cref="StoreException"/> (or OperationCanceledException).
/// </summary>
/// <remarks>
/// A mutation id is a UUIDv7 made once and kept by retries: within 10 minutes a repeated id changes nothing and gets
/// the outcome of the first; an older one is refused with <see cref="StoreErrorKind.Aborted"/>. Cancelling a write
/// stops the waiting; the write may happen all the same.
/// </remarks>
public sealed class ShardStore : IAsyncDisposable
{
    private readonly StoreParts _parts;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<int, bool> _imports = new();
    private int _closed;

    private ShardStore(StoreParts parts) => _parts = parts;

    /// <summary>Figures of the whole store.</summary>
    public StoreStatus Status
    {
        get
        {
            ThrowIfClosed();
            return StatusReader.Read(_parts);
        }
    }

    /// <summary>
    /// Recall of the ten nearest that searches have by default, as measured, in slices that are awake and walk a graph;
    /// at most <paramref name="most"/> of them, those with the most vectors.
    /// </summary>
    public IReadOnlyList<MeasuredRecall> ListMeasuredRecalls(int most)
    {
        ThrowIfClosed();
        return StatusReader.ReadRecalls(_parts, most);
    }

    /// <summary>Sizes of the inverted indexes of all slices that are awake: of words, and of callers' sparse
    /// vectors.</summary>
    public (TermIndexStatistics Text, TermIndexStatistics Sparse) ReadTermIndexes()
    {
        ThrowIfClosed();
        return StatusReader.ReadTermIndexes(_parts);
    }

    /// <summary>What each partition takes, in the order of partitions; those with nothing in them are left out.</summary>
    public IReadOnlyList<PartitionSize> ListPartitionSizes()
    {
        ThrowIfClosed();
        return StatusReader.ReadPartitions(_parts);
    }

    /// <summary>The slices that are held, quarantined ones included, those of deleted workspaces not.</summary>
    public IReadOnlyList<SliceId> ListSlices()
    {
        ThrowIfClosed();
        return [.. _parts.Catalog.Entries.Where(entry => !entry.IsDeleted).Select(entry => entry.Id)];
    }

    /// <summary>Opens the store: newest valid manifest, then replay of the mutation log.</summary>
    /// <exception cref="StoreException">InvalidArgument for options, Unavailable if another process holds the folder or
    /// the disk fails.</exception>
    public static Task<ShardStore> OpenAsync(
        StoreOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken) =>
        OpenAsync(options, LocalFileSystem.Instance, loggers, time, cancellationToken);

    /// <summary>Opens the store on files that may fail on demand.</summary>
    internal static async Task<ShardStore> OpenAsync(
        StoreOptions options, IStorageFileSystem files, ILoggerFactory loggers, TimeProvider time,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        ArgumentNullException.ThrowIfNull(time);
        if (options.Validate() is { Count: > 0 } errors)
            throw StoreErrors.Invalid(string.Join(' ', errors));
        try
        {
            return new ShardStore(await StoreParts.OpenAsync(options, files, loggers, time, cancellationToken));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreErrorKind.Unavailable,
                $"The data folder {options.DataFolder} cannot be opened: {exception.Message}", exception);
        }
    }

    /// <summary>
    /// Records a workspace's settings in one partition: this makes the slice, changes its spaces, or (state Deleting)
    /// drops its data. The same version again changes nothing.
    /// </summary>
    /// <exception cref="StoreException">FailedPrecondition: a newer version is recorded, a space would change its
    /// dimension, metric, codec or M, or the workspace is being deleted.</exception>
    public Task<WriteStamp> PutSettingsAsync(
        int partition, WorkspaceSettings settings, Guid mutationId, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        ArgumentNullException.ThrowIfNull(settings);
        return _parts.Writes.PutSettingsAsync(new SliceId(settings.Uid, partition), settings, mutationId,
            cancellationToken);
    }

    /// <summary>The settings recorded for a workspace in a partition; null if there are none.</summary>
    public WorkspaceSettings? FindSettings(Guid uid, int partition)
    {
        ThrowIfClosed();
        return _parts.Catalog.Find(new SliceId(uid, partition)) is { } entry ? _parts.FindSettings(entry) : null;
    }

    /// <summary>
    /// Writes or patches up to 1,000 chunks, each for itself; they join their documents' current generations. Items
    /// that break a limit are reported as Invalid and the others are written. Of several writes to one key the last
    /// wins.
    /// </summary>
    /// <exception cref="StoreException">NotFound, ResourceExhausted, Unavailable, DataLoss, Aborted.</exception>
    public Task<UpsertOutcome> UpsertAsync(
        SliceId slice, IReadOnlyList<ChunkWrite> chunks, Guid mutationId, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Writes.UpsertAsync(slice, chunks, mutationId, cancellationToken);
    }

    /// <summary>
    /// Gives chunks vectors of a better encoder: each write names vectors alone and the version that they belong to.
    /// Nothing happens where the chunk has another version by now, is gone, or has a vector that is no lookup one. The
    /// version stays, and lists go on over it.
    /// </summary>
    public Task<UpsertOutcome> RefineAsync(
        SliceId slice, IReadOnlyList<ChunkWrite> chunks, Guid mutationId, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Writes.RefineAsync(slice, chunks, mutationId, cancellationToken);
    }

    /// <summary>
    /// The slices in which a visible chunk has a lookup vector, or none in a space, or of which that is not known. None
    /// is woken for it, and no row looked at.
    /// </summary>
    public IReadOnlyList<SliceVectors> ListUnrefined()
    {
        ThrowIfClosed();
        return UnrefinedReads.List(_parts.Catalog);
    }

    /// <summary>
    /// Chunks with a text and with a lookup vector in a space, or without any vector there, in the order of their rows.
    /// </summary>
    /// <param name="from">Where to begin: 0, or the former page's <see cref="UnrefinedPage.Next"/>.</param>
    /// <param name="most">Most chunks of a page, 1–1,000.</param>
    public ValueTask<UnrefinedPage> ReadUnrefinedAsync(
        SliceId slice, string space, VectorGap gap, int from, int most, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.ReadUnrefinedAsync(slice, space, gap, from, most, cancellationToken);
    }

    /// <summary>Deletes chunks by key, by document or by filter.</summary>
    public Task<DeleteOutcome> DeleteAsync(
        SliceId slice, ChunkSelection selection, Guid mutationId, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Writes.DeleteAsync(slice, selection, mutationId, cancellationToken);
    }

    /// <summary>
    /// Stages up to 1,000 chunks of a document's new generation: durable, and invisible until the commit. All writes
    /// name this document, set all fields and have no precondition; a key staged twice keeps the last. One invalid
    /// item refuses the call.
    /// </summary>
    /// <exception cref="StoreException">InvalidArgument names the first unfit chunk.</exception>
    public Task<WriteStamp> StageAsync(
        SliceId slice, string documentId, Guid generation, IReadOnlyList<ChunkWrite> chunks, Guid mutationId,
        CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Writes.StageAsync(slice, documentId, generation, chunks, mutationId, cancellationToken);
    }

    /// <summary>
    /// Makes a staged generation visible and all the document's former chunks invisible, in one step for every search.
    /// With no chunks expected and none staged the document becomes empty.
    /// </summary>
    /// <param name="expectedChunks">Number of staged chunks with different keys.</param>
    /// <param name="precondition">On the document's version, which is the position of its last commit; a document with
    /// singly written chunks only counts as absent.</param>
    public Task<CommitOutcome> CommitAsync(
        SliceId slice, string documentId, Guid generation, int expectedChunks, Precondition precondition,
        Guid mutationId, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Writes.CommitAsync(
            slice, documentId, generation, expectedChunks, precondition, mutationId, cancellationToken);
    }

    /// <summary>Drops a staged generation; nothing happens if there is none.</summary>
    public Task<WriteStamp> AbortAsync(
        SliceId slice, string documentId, Guid generation, Guid mutationId, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Writes.AbortAsync(slice, documentId, generation, mutationId, cancellationToken);
    }

    /// <summary>Searches one vector space, or the texts.</summary>
    /// <exception cref="StoreException">InvalidArgument, NotFound, DataLoss, Unavailable.</exception>
    public ValueTask<SearchAnswer> SearchAsync(
        SliceId slice, SearchQuery query, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.SearchAsync(slice, query, cancellationToken);
    }

    /// <summary>
    /// Searches one vector space of a slice that is awake, on this thread, and hands the hits to
    /// <paramref name="hits"/>. False, and nothing was handed over: it is asleep, <see cref="SearchAsync"/> wakes it.
    /// </summary>
    /// <exception cref="StoreException">As <see cref="SearchAsync"/>; some hits may have been handed over.</exception>
    public bool TrySearch(SliceId slice, in VectorQuery query, IHitSink hits, out VectorAnswer answer)
    {
        ThrowIfClosed();
        ArgumentNullException.ThrowIfNull(hits);
        return _parts.Reads.TrySearch(slice, query, hits, out answer);
    }

    /// <summary>
    /// What the words of a text weigh in one slice. The sum over all partitions, given to each one's search, makes them
    /// score as one.
    /// </summary>
    public ValueTask<SparseStatistics> GetTextStatisticsAsync(
        SliceId slice, string text, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.GetTextStatisticsAsync(slice, text, cancellationToken);
    }

    /// <summary>Reads up to 1,000 chunks by key; null where there is none, in the order of the keys.</summary>
    public ValueTask<IReadOnlyList<StoredChunk?>> GetAsync(
        SliceId slice, IReadOnlyList<ChunkKey> keys, ReturnFields fields, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.GetAsync(slice, keys, fields, cancellationToken);
    }

    /// <summary>
    /// Reads the <paramref name="count"/> chunks before and behind each of up to 1,000 chunks in its document, in the
    /// order of chunk ids; none around a key that is not there.
    /// </summary>
    /// <param name="count">1–100.</param>
    public ValueTask<IReadOnlyList<ChunkNeighbours>> GetNeighboursAsync(
        SliceId slice, IReadOnlyList<ChunkKey> keys, int count, ReturnFields fields,
        CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.GetNeighboursAsync(slice, keys, count, fields, cancellationToken);
    }

    /// <summary>
    /// Late interaction: for each chunk the sum over the query's vectors of the highest inner product with one of the
    /// chunk's. Null for a chunk that is not there, or has no multi-vector of this dimension.
    /// </summary>
    /// <param name="keys">1–1,000.</param>
    public ValueTask<float?[]> ScoreAsync(
        SliceId slice, IReadOnlyList<ChunkKey> keys, MultiVector query, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.ScoreAsync(slice, keys, query, cancellationToken);
    }

    /// <summary>
    /// Cuts out of each text the window of at most <paramref name="length"/> UTF-16 code units that holds most of a
    /// query's words, as this slice's texts are analysed.
    /// </summary>
    public ValueTask<IReadOnlyList<TextSnippet>> HighlightAsync(
        SliceId slice, string query, IReadOnlyList<string> texts, int length, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.HighlightAsync(slice, query, texts, length, cancellationToken);
    }

    /// <summary>
    /// Lists chunks in key order. The cursor is the last key seen, so a chunk that is there throughout is listed
    /// exactly once, whatever is written meanwhile.
    /// </summary>
    /// <param name="after">Key to continue after; null for the beginning. It need not exist.</param>
    /// <param name="pageSize">1–1,000.</param>
    /// <param name="documentId">Only chunks of this document; null for all.</param>
    public ValueTask<ChunkPage> ListAsync(
        SliceId slice, ChunkKey? after, int pageSize, string? documentId, FilterExpression? filter,
        ReturnFields fields, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.ListAsync(
            slice, new ListRequest(after, pageSize, documentId, filter, fields), cancellationToken);
    }

    /// <summary>Counts visible chunks.</summary>
    public ValueTask<long> CountAsync(
        SliceId slice, FilterExpression? filter, string? documentId, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.CountAsync(slice, filter, documentId, cancellationToken);
    }

    /// <summary>Counts visible chunks that a filter accepts by what their metadata says; every value is counted.</summary>
    /// <param name="facets">1–16, each with at most 64 ranges.</param>
    /// <exception cref="StoreException">InvalidArgument: a facet has more than 65,536 different values.</exception>
    public ValueTask<FacetAnswer> CountFacetsAsync(
        SliceId slice, FilterExpression? filter, IReadOnlyList<FacetQuery> facets, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.CountFacetsAsync(slice, filter, facets, cancellationToken);
    }

    /// <summary>What the slice knows of a document; null if it has no visible chunk and was never committed.</summary>
    public ValueTask<DocumentInfo?> FindDocumentAsync(
        SliceId slice, string documentId, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.FindDocumentAsync(slice, documentId, cancellationToken);
    }

    /// <summary>Figures of one slice.</summary>
    public ValueTask<SliceStatistics> GetStatisticsAsync(SliceId slice, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.GetStatisticsAsync(slice, cancellationToken);
    }

    /// <summary>The partition's last applied position; none if nothing was written.</summary>
    public WriteStamp LastStamp(int partition) => _parts.Progress[partition];

    /// <summary>Waits until the partition has applied everything up to <paramref name="stamp"/>.</summary>
    /// <exception cref="StoreException">FailedPrecondition: the stamp is of an epoch that this log never
    /// had.</exception>
    public ValueTask WaitForAsync(int partition, WriteStamp stamp, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return _parts.Reads.WaitForAsync(partition, stamp, cancellationToken);
    }

    /// <summary>Begins to take writes, which the order gives their places. Only with <see cref="StoreOptions.IsReplica"/>.
    /// </summary>
    public void UseOrder(IMutationOrder order)
    {
        ThrowIfNoReplica();
        _parts.Context.Order = order;
    }

    /// <summary>
    /// Makes mutations durable that an order has given places to, in the order of the list, and applies them. Places
    /// rise; for one partition one call at a time. After a failure the first ones may have been applied:
    /// <see cref="LastStamp"/> tells how far.
    /// </summary>
    /// <exception cref="StoreException">ResourceExhausted, Unavailable; DataLoss where a payload is damaged.</exception>
    public async Task ApplyAsync(IReadOnlyList<OrderedMutation> mutations)
    {
        ThrowIfNoReplica();
        ArgumentNullException.ThrowIfNull(mutations);
        try
        {
            await _parts.Replica.ApplyAsync(mutations);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw StoreErrors.Of(exception);
        }
    }

    /// <summary>
    /// Shows mutations of a partition behind a place, in order, from this store's own log; those of the last
    /// <see cref="StoreOptions.TailRetention"/> at least. Not for every day: it reads the whole log, which is not cut
    /// meanwhile. True if the log still has all mutations from the first one on.
    /// </summary>
    /// <exception cref="StoreException">DataLoss where the log is damaged.</exception>
    public async Task<bool> ReadTailAsync(
        int partition, WriteStamp after, Func<OrderedMutation, Task> show, CancellationToken cancellationToken)
    {
        ThrowIfNoReplica();
        var read = _parts.Replica.ReadTailAsync(partition, after, show, cancellationToken);
        await ThrowsOursAsync(read);
        return await read;
    }

    /// <summary>Ids of the last mutations of all partitions, as far as the log still has them.</summary>
    /// <exception cref="StoreException">DataLoss where the log is damaged.</exception>
    public async Task<IReadOnlyDictionary<int, Guid>> FindLastIdsAsync(CancellationToken cancellationToken)
    {
        ThrowIfNoReplica();
        var found = _parts.Replica.FindLastIdsAsync(cancellationToken);
        await ThrowsOursAsync(found);
        return await found;
    }

    /// <summary>
    /// Takes back what the partition has behind a place, because the other replicas have another order there; false if
    /// that is not possible from this store's own files, and the partition has to be copied from another one. No <see cref="ApplyAsync"/> of the
    /// partition meanwhile.
    /// </summary>
    public async Task<bool> RollBackAsync(int partition, WriteStamp after, CancellationToken cancellationToken)
    {
        ThrowIfNoReplica();
        var ran = _parts.Checkpointer.HoldLogAsync(
            () => Task.FromResult(_parts.Rollback.Run(partition, after)), cancellationToken);
        await ThrowsOursAsync(ran);
        return await ran;
    }

    /// <summary>Forgets tombstones of the partition up to a place that the snapshots of all its replicas have passed.
    /// </summary>
    public void ForgetTombstones(int partition, WriteStamp upTo)
    {
        ThrowIfNoReplica();
        _parts.Replica.ForgetTombstones(partition, upTo);
    }

    /// <summary>Everything of the partition up to this place is in snapshots.</summary>
    public WriteStamp SnapshotStamp(int partition)
    {
        ThrowIfClosed();
        return _parts.Replica.SnapshotStamp(partition);
    }

    /// <summary>
    /// Snapshots every slice that changed, and cuts the mutation log. The store does this by itself in the background;
    /// before a backup or a planned stop it saves replay.
    /// </summary>
    public async Task CheckpointAsync(CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        try
        {
            await _parts.Checkpointer.RunAsync(everything: true, cancellationToken);
        }
        catch (IOException exception)
        {
            throw StoreErrors.Of(exception);
        }
    }

    /// <summary>Partitions of which the store has something: slices, a place in the log, or an unfinished copy.</summary>
    public IReadOnlyList<int> ListPartitions()
    {
        ThrowIfClosed();
        return
        [
            .. _parts.Catalog.Entries.Where(static entry => !entry.IsDeleted).Select(static entry => entry.Id.Partition)
                .Concat(_parts.Progress.List().Where(static one => !one.Value.IsNone).Select(static one => one.Key))
                .Concat(ListImports()).Distinct().Order(),
        ];
    }

    /// <summary>Partitions whose copy into the store was begun and not completed.</summary>
    public IReadOnlyList<int> ListImports()
    {
        ThrowIfClosed();
        return ImportFolder.List(_parts.Context.Files, _parts.Context.Folder);
    }

    /// <summary>Begins to give a partition to another store. Writes and searches go on meanwhile.</summary>
    public PartitionExport Export(int partition)
    {
        ThrowIfClosed();
        return new PartitionExport(_parts.Context, _parts.Catalog, _parts.Snapshotter, _parts.Progress, partition);
    }

    /// <summary>
    /// Begins to take a partition from another store, or goes on with it. Nothing of the partition may be written or
    /// applied here until it is completed.
    /// </summary>
    /// <exception cref="StoreException">Aborted: it is being copied already.</exception>
    public PartitionImport Import(int partition)
    {
        ThrowIfClosed();
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        if (!_imports.TryAdd(partition, true))
            throw new StoreException(StoreErrorKind.Aborted, $"Partition {partition} is being copied already.");
        return new PartitionImport(_parts, partition, () => _imports.TryRemove(partition, out _));
    }

    /// <summary>
    /// Drops all that the store has of a partition: slices, files, memory, what the mutation log says of it, and a copy
    /// that was begun. Nothing of it may be written or applied meanwhile.
    /// </summary>
    /// <exception cref="StoreException">Aborted: it is being copied. Unavailable: the disk fails; it counts all the
    /// same, and is written later.</exception>
    public async Task DropPartitionAsync(int partition, CancellationToken cancellationToken)
    {
        using var import = Import(partition);
        try
        {
            await Task.Run(() => _parts.Drop.Run(partition), cancellationToken);
            import.Forget();
        }
        catch (IOException exception)
        {
            throw StoreErrors.Of(exception);
        }
    }

    /// <summary>Finishes what is being applied and closes the logs; what was acknowledged is on disk.
    /// Idempotent.</summary>
    public ValueTask DisposeAsync() =>
        Interlocked.Exchange(ref _closed, 1) == 0 ? _parts.DisposeAsync() : ValueTask.CompletedTask;

    /// <summary>The parts of the store, for tests that drive its background work themselves.</summary>
    internal StoreParts Parts => _parts;

    private static async Task ThrowsOursAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (IOException exception)
        {
            throw StoreErrors.Of(exception);
        }
    }

    private void ThrowIfNoReplica()
    {
        ThrowIfClosed();
        if (!_parts.Context.Options.IsReplica)
            throw new InvalidOperationException("The store orders its mutations itself: IsReplica is off.");
    }

    private void ThrowIfClosed()
    {
        if (Volatile.Read(ref _closed) != 0)
            throw StoreErrors.Closed();
    }
}
