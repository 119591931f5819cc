using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Rag.Engine.Mutations;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// The parts of an open store, put together and taken apart in the right order.
/// <code>
/// DATA/lock        held while the store is open        DATA/snapshots   one file for each slice
/// DATA/manifest    what is current                     DATA/chunks      texts and metadata
/// DATA/mutations   the mutation log
/// </code>
/// </summary>
internal sealed class StoreParts : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<object> _opened = [];
    private Task _maintenanceLoop = Task.CompletedTask;
    private Task _recentLoop = Task.CompletedTask;
    private bool _isLive;
    private bool _disposed;

    private StoreParts()
    {
    }

    public StoreContext Context { get; private set; } = null!;

    public SliceCatalog Catalog { get; private set; } = null!;

    public PartitionProgress Progress { get; } = new();

    public MemoryKeeper Memory { get; private set; } = null!;

    public SliceSnapshotter Snapshotter { get; private set; } = null!;

    public Checkpointer Checkpointer { get; private set; } = null!;

    public RecentKeeper Recent { get; private set; } = null!;

    public StoreMaintenance Maintenance { get; private set; } = null!;

    public StoreWrites Writes { get; private set; } = null!;

    public PartitionRollback Rollback { get; private set; } = null!;

    public ReplicaLog Replica { get; private set; } = null!;

    public StoreReads Reads { get; private set; } = null!;

    public PartitionDrop Drop { get; private set; } = null!;

    public static async Task<StoreParts> OpenAsync(
        StoreOptions options, IStorageFileSystem files, ILoggerFactory loggers, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var parts = new StoreParts();
        try
        {
            await parts.OpenAllAsync(options, files, loggers, time, cancellationToken);
            return parts;
        }
        catch
        {
            await parts.DisposeAsync();
            throw;
        }
    }

    /// <summary>The settings in force for a slice; read from its snapshot if it is asleep and they are not known
    /// yet.</summary>
    public WorkspaceSettings? FindSettings(SliceEntry entry)
    {
        if (entry.Loaded is { } slice)
            return slice.Settings;
        if (entry.SleepingSettings is null)
            Catalog.ReadSummary(entry);
        // It may have been loaded meanwhile.
        return entry.SleepingSettings is { } bytes ? SettingsCodec.Read(bytes) : entry.Loaded?.Settings;
    }

    /// <summary>Makes snapshots that came from elsewhere the data of a partition.</summary>
    public void Install(int partition, WriteStamp stamp, IReadOnlyList<SnapshotEntry> snapshots)
    {
        Context.Manifest.Append(
        [
            .. snapshots.Select(static snapshot => new ManifestChange.Snapshot(snapshot)),
            new ManifestChange.PartitionSequence(partition, stamp.Sequence, stamp.Epoch),
        ]);
        foreach (var snapshot in snapshots)
            RestoreEntry(snapshot);
        Progress.Advance(partition, stamp);
        StoreLog.PartitionImported(
            Context.Logger, partition, snapshots.Count, snapshots.Sum(static snapshot => snapshot.Bytes), stamp);
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await _stopping.CancelAsync();
        await _maintenanceLoop;
        await _recentLoop;
        if (_isLive)
            await SaveRecentAsync();
        for (var i = _opened.Count - 1; i >= 0; i--)
        {
            if (_opened[i] is IAsyncDisposable later)
                await later.DisposeAsync();
            else
                ((IDisposable)_opened[i]).Dispose();
        }

        if (Catalog is not null)
            await Catalog.UnloadAllAsync();
        _stopping.Dispose();
    }

    // The next start has less to replay, and its memory holds less that is in no snapshot.
    private async Task SaveRecentAsync()
    {
        try
        {
            await Checkpointer.SaveRecentAsync(Context.Options.CloseTime, isUrgent: true, goalBytes: 0, CancellationToken.None);
        }
        catch (Exception exception)
        {
            StoreLog.MaintenanceFailed(Context.Logger, exception);
        }
    }

    private async Task OpenAllAsync(
        StoreOptions options, IStorageFileSystem files, ILoggerFactory loggers, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var logger = loggers.CreateLogger<ShardStore>();
        var folder = Path.GetFullPath(options.DataFolder);
        files.CreateFolder(folder);
        Opened(LockFolder(folder));
        var codec = ChecksumCodec.Instance;
        var health = new StorageHealth(files, folder, options.FreeSpaceReserveBytes, time);
        var snapshots = new SnapshotFolder(files, Path.Combine(folder, "snapshots"));
        var manifest = Opened(Manifest.Open(files, Path.Combine(folder, "manifest"), snapshots, codec, logger));
        snapshots.Sweep((slice, generation) =>
            manifest.TryGetSnapshot(slice, out var entry) && entry.Generation == generation);
        var chunks = Opened(ChunkLog.Open(files, new ChunkLogOptions
        {
            Folder = Path.Combine(folder, "chunks"), MemoryBytes = options.ChunkLogMemoryBytes, SegmentBytes =
                options.LogSegmentBytes,
        }, codec, health, time, logger));
        var log = Opened(FasterMutationLog.Open(files, new MutationLogOptions
        {
            Folder = Path.Combine(folder, "mutations"), MemoryBytes = options.MutationLogMemoryBytes,
            SegmentBytes = options.LogSegmentBytes,
        }, codec, health, time, logger));
        Context = new StoreContext
        {
            Options = options, Logger = logger, Time = time, Codec = codec, Health = health, Snapshots = snapshots,
            Manifest = manifest, Log = log, Folder = folder, Files = files, Contents = new ChunkContents(chunks, options.AttributeText, _stopping.Token),
        };
        var applier = Compose();
        RestoreEntries(manifest);
        // What was not copied to its end is not there.
        foreach (var partition in ImportFolder.List(files, folder))
            Drop.Run(partition);
        applier.KeepVoid(manifest.ListVoids());
        applier.KeepQuarantined(manifest.ListQuarantined());
        // Snapshots may be ahead of what the manifest recorded when the log was last cut.
        log.RestoreSequences(Progress.List().Select(one => KeyValuePair.Create(one.Key, one.Value.Sequence)));
        await log.ReplayAsync(applier, manifest.LogPosition, cancellationToken);
        applier.GoLive();
        _isLive = true;
        _recentLoop = Task.Run(() => Recent.RunAsync(_stopping.Token), CancellationToken.None);
        _maintenanceLoop = Task.Run(() => Maintenance.RunAsync(_stopping.Token), CancellationToken.None);
        StoreLog.Opened(logger, Catalog.Entries.Count(), log.TailPosition, (long)Stopwatch.GetElapsedTime(began)
            .TotalMilliseconds);
    }

    private MutationApplier Compose()
    {
        Catalog = new SliceCatalog(Context);
        Snapshotter = new SliceSnapshotter(Context, Catalog);
        Memory = new MemoryKeeper(Context, Catalog, Snapshotter);
        Catalog.MakeRoom = Memory.MakeRoomAsync;
        var applier = new MutationApplier(Context, Catalog, Progress);
        Checkpointer = new Checkpointer(Context, Catalog, Snapshotter, applier, Progress);
        Recent = new RecentKeeper(Context, Catalog, Checkpointer);
        applier.Applied = Recent.Note;
        Drop = new PartitionDrop(Context, Catalog, applier, Progress);
        Rollback = new PartitionRollback(Context, Catalog, applier, Progress);
        Replica = new ReplicaLog(Context, Catalog, Progress, Checkpointer, Rollback);
        var sender = new MutationSender(Context, applier);
        Writes =
            new StoreWrites(Catalog, sender, entry => FindSettings(entry) ?? throw StoreErrors.NoWorkspace(entry.Id));
        Reads = new StoreReads(Context, Catalog, Progress);
        var cleaner = new ChunkLogCleaner(Context, Catalog, Snapshotter);
        Maintenance = new StoreMaintenance(Context, Catalog, Memory, Checkpointer, cleaner,
            (entry, documentId, generation, token) => Writes.AbortAsync(
                entry.Id, documentId, generation, Guid.CreateVersion7(Context.Time.GetUtcNow()), token));
        return applier;
    }

    private void RestoreEntries(Manifest manifest)
    {
        foreach (var snapshot in manifest.ListSnapshots())
        {
            RestoreEntry(snapshot);
            // Slices of a copy are of different moments: a replica is as far as its log says, not as the latest of them.
            if (!Context.Options.IsReplica)
                Progress.Advance(snapshot.Slice.Partition, new WriteStamp(snapshot.Epoch, snapshot.Sequence));
        }

        foreach (var (partition, stamp) in manifest.ListSequences())
            Progress.Advance(partition, stamp);
    }

    private void RestoreEntry(SnapshotEntry snapshot)
    {
        var entry = Catalog.GetOrAdd(snapshot.Slice);
        entry.Snapshot = snapshot;
        entry.Stamp = PackedStamp.Pack(new WriteStamp(snapshot.Epoch, snapshot.Sequence));
    }

    private T Opened<T>(T part)
        where T : class
    {
        _opened.Add(part);
        return part;
    }

    private static FileStream LockFolder(string folder)
    {
        try
        {
            return new FileStream(
                Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new StoreException(StoreErrorKind.Unavailable,
                $"The data folder {folder} is in use by another process, or cannot be written; stop that process or "
                + "name another folder.", exception);
        }
    }
}
