using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// What another store needs to become a replica of a partition: its slices, each as of some moment after
/// <see cref="Stamp"/>, so that replaying the partition's log from there on makes them one. Thread-safe.
/// </summary>
public sealed class PartitionExport
{
    private const int MaxTries = 20;

    private readonly StoreContext _context;
    private readonly SliceCatalog _catalog;
    private readonly SliceSnapshotter _snapshotter;
    private readonly int _partition;

    internal PartitionExport(
        StoreContext context, SliceCatalog catalog, SliceSnapshotter snapshotter, PartitionProgress progress,
        int partition)
    {
        _context = context;
        _catalog = catalog;
        _snapshotter = snapshotter;
        _partition = partition;
        // First: slices that are made afterwards come with the log.
        Stamp = progress[partition];
        var entries = catalog.Entries
            .Where(entry => entry.Id.Partition == partition && entry is { IsDeleted: false, Stamp: not 0 }).ToList();
        Workspaces = [.. entries.Select(static entry => entry.Id.WorkspaceUid).Order(UidOrder.Instance)];
        Bytes = entries.Sum(static entry => entry.Snapshot.Bytes + Math.Max(0, entry.ContentBytes));
    }

    /// <summary>Everything up to here is in what is exported; go on with the log behind it.</summary>
    public WriteStamp Stamp { get; }

    /// <summary>The workspaces that have data in the partition, in the order of <see cref="UidOrder"/>.</summary>
    public IReadOnlyList<Guid> Workspaces { get; }

    /// <summary>Bytes to copy, about.</summary>
    public long Bytes { get; }

    /// <summary>Opens one slice; takes a new snapshot first where something is in none yet.</summary>
    /// <param name="uid">The workspace.</param>
    /// <param name="generation">
    /// The snapshot of which a part is there already: it is given again while it is current. 0: none.
    /// </param>
    /// <param name="cancellationToken">Stops waiting for the snapshot.</param>
    /// <returns>Null: the workspace was deleted meanwhile, as the log will tell.</returns>
    /// <exception cref="StoreException">DataLoss: the slice is quarantined here. Unavailable: try again.</exception>
    public async Task<SliceExport?> OpenAsync(Guid uid, ulong generation, CancellationToken cancellationToken)
    {
        var id = new SliceId(uid, _partition);
        var pin = _context.Copies.Hold();
        try
        {
            if (_catalog.Find(id) is not { IsDeleted: false } entry)
            {
                pin.Dispose();
                return null;
            }

            // What is applied later may be in the snapshot or not: the log is replayed from before it.
            var needed = entry.Stamp;
            for (var tries = 0; tries < MaxTries; tries++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (entry.QuarantineReason is { } reason)
                    throw StoreErrors.Quarantined(id, reason);
                if (entry.IsDeleted)
                {
                    pin.Dispose();
                    return null;
                }

                var current = entry.Snapshot;
                var isFit = current.Generation != 0 && (current.Generation == generation
                    || PackedStamp.Pack(new WriteStamp(current.Epoch, current.Sequence)) >= needed);
                if (!isFit)
                    await _snapshotter.SnapshotAsync(entry, cancellationToken);
                else if (TryOpen(entry, current) is { } file)
                    return new SliceExport(_context, file, pin);
            }

            throw new StoreException(
                StoreErrorKind.Unavailable, $"No snapshot of slice {id} can be written now; try again.", null,
                TimeSpan.FromSeconds(1));
        }
        catch (Exception failure)
        {
            pin.Dispose();
            if (failure is IOException or InvalidDataException)
                throw StoreErrors.Of(failure);
            throw;
        }
    }

    private SnapshotReader? TryOpen(SliceEntry entry, SnapshotEntry current)
    {
        try
        {
            return _context.Snapshots.Open(entry.Id, current.Generation, _context.Codec);
        }
        catch (CorruptDataException) when (entry.Snapshot.Generation != current.Generation)
        {
            // Another one took its place meanwhile.
            return null;
        }
    }
}
