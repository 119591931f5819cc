// Over 400 lines: all that can happen to a place in the table of slices, under one monitor.
using System.Collections.Concurrent;
using Rag.Engine.Mutations;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// All slices of a store: finds them, loads them from their snapshots, puts them to sleep, quarantines them, and counts
/// their memory. Thread-safe; methods that say so are called under the entry's monitor.
/// </summary>
internal sealed class SliceCatalog(StoreContext context)
{
    // What an entry costs while it is asleep: the object, its settings, its place in the table.
    private const int SleepingBytes = 450;

    // Most of a snapshot is full-precision vectors, which are mapped and not counted.
    private const int MappedShare = 4;

    // How often a reader tries again when the slice it has just loaded is put to sleep under its hands.
    private const int MaxLoadTries = 20;

    private readonly ConcurrentDictionary<SliceId, SliceEntry> _entries = new();
    private readonly ConcurrentQueue<(long Epoch, Slice Slice)> _unloaded = new();
    private readonly ConcurrentDictionary<Guid, string> _quarantinedWorkspaces = new();
    private readonly SemaphoreSlim _loads = new(4);
    private long _loadedBytes;
    private long _recentBytes;
    private int _loadedCount;
    private int _entryCount; // to count the table's takes all its locks

    /// <summary>Bytes of loaded slices, of the pages that they map, and of what sleeping ones cost.</summary>
    public long MemoryBytes => Interlocked.Read(ref _loadedBytes) + Pages.Bytes + (long)Volatile.Read(ref _entryCount) * SleepingBytes;

    /// <summary>Bytes of full vectors that are in no snapshot.</summary>
    public long RecentBytes => Interlocked.Read(ref _recentBytes);

    /// <summary>Mapped pages of small slices.</summary>
    public PageKeeper Pages { get; } = new(context.Guard, context.Options.MemoryCapBytes / PageKeeper.CapShare);

    public int LoadedCount => Volatile.Read(ref _loadedCount);

    public IEnumerable<SliceEntry> Entries => _entries.Values;

    /// <summary>Told when a load is about to need memory; set once, before the first load.</summary>
    public Func<long, CancellationToken, Task> MakeRoom { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>Whether any slice was used at this time of the store's clock or later; looks at all of them.</summary>
    public bool IsUsedSince(long ms) => _entries.Values.Any(entry => entry.LastUsedMs >= ms);

    public SliceEntry? Find(SliceId id) => _entries.GetValueOrDefault(id);

    public SliceEntry GetOrAdd(SliceId id)
    {
        if (_entries.TryGetValue(id, out var known))
            return known;
        if (_entries.TryAdd(id, new SliceEntry(id)))
            Interlocked.Increment(ref _entryCount);
        return GetOrAdd(id);
    }

    /// <summary>Quarantined workspaces of which no slice is known: all that there was of them is lost.</summary>
    public IEnumerable<KeyValuePair<Guid, string>> LostWorkspaces =>
        _quarantinedWorkspaces.Where(workspace => !_entries.Keys.Any(id => id.WorkspaceUid == workspace.Key));

    /// <summary>Why a whole workspace is quarantined; null if it is not.</summary>
    public string? FindQuarantined(Guid uid) => _quarantinedWorkspaces.GetValueOrDefault(uid);

    /// <summary>Quarantines a workspace with all its slices, those that are not known included.</summary>
    public void QuarantineWorkspace(Guid uid, string reason, bool persist)
    {
        _quarantinedWorkspaces.TryAdd(uid, reason);
        if (persist)
            Persist(new ManifestChange.Quarantine(uid, reason));
        foreach (var entry in _entries.Values)
        {
            if (entry.Id.WorkspaceUid != uid)
                continue;
            lock (entry)
            {
                QuarantineUntilRestart(entry, reason, null);
                entry.DirtySince = long.MaxValue;
                entry.DirtyStamp = ulong.MaxValue;
                entry.IsMoved = false;
            }
        }
    }

    /// <summary>Forgets a slice whose workspace is gone for good.</summary>
    public void Forget(SliceEntry entry)
    {
        if (_entries.TryRemove(new(entry.Id, entry)))
            Interlocked.Decrement(ref _entryCount);
    }

    /// <summary>The entry of a slice that can be served.</summary>
    /// <exception cref="StoreException">NotFound, FailedPrecondition or DataLoss.</exception>
    public SliceEntry Get(SliceId id)
    {
        if (!_entries.TryGetValue(id, out var entry) || entry is { IsDeleted: false, Stamp: 0, QuarantineReason: null })
            throw _quarantinedWorkspaces.TryGetValue(id.WorkspaceUid, out var lost)
                ? StoreErrors.Quarantined(id, lost)
                : StoreErrors.NoWorkspace(id);
        if (entry.IsDeleted)
            throw StoreErrors.WorkspaceDeleted(id);
        if (entry.QuarantineReason is { } reason)
            throw StoreErrors.Quarantined(id, reason);
        return entry;
    }

    /// <summary>
    /// Reads a slice inside the epoch; loads it first if it is asleep. What is found corrupt on the way quarantines it.
    /// </summary>
    public async ValueTask<TResult> ReadAsync<TState, TResult>(
        SliceId id, TState state, Func<Slice, TState, TResult> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        for (var tries = 0; ; tries++)
        {
            var entry = Get(id);
            entry.LastUsedMs = context.NowMs;
            if (TryRead(entry, state, read, out var result))
                return result;
            if (tries == MaxLoadTries)
                throw StoreErrors.MemoryContended();
            await LoadAsync(entry, cancellationToken);
        }
    }

    /// <summary>The same for a slice that is awake; false for one that is asleep.</summary>
    public bool TryReadAwake<TState, TResult>(SliceId id, TState state, Func<Slice, TState, TResult> read, out TResult result)
    {
        var entry = Get(id);
        entry.LastUsedMs = context.NowMs;
        return TryRead(entry, state, read, out result);
    }

    /// <summary>Loads a slice that is asleep; readers that come together wait for one load.</summary>
    public async Task LoadAsync(SliceEntry entry, CancellationToken cancellationToken)
    {
        Task load;
        lock (entry)
        {
            if (entry.Loaded is not null)
                return;
            load = entry.Loading ??= Task.Run(() => LoadAloneAsync(entry), CancellationToken.None);
        }

        await load.WaitAsync(cancellationToken);
    }

    /// <summary>The slice in memory, loaded now if it is asleep. Under the entry's monitor.</summary>
    /// <exception cref="StoreException">DataLoss: it is quarantined now.</exception>
    public Slice GetLoaded(SliceEntry entry)
    {
        if (entry.Loaded is { } loaded)
            return loaded;
        if (entry.QuarantineReason is { } reason)
            throw StoreErrors.Quarantined(entry.Id, reason);
        try
        {
            using var file = context.Snapshots.Open(entry.Id, entry.Snapshot.Generation, context.Codec);
            var slice = SliceSnapshotReader.Read(
                file, entry.Id, context.Guard, context.Options.MutationIdLifetime, context.Contents);
            Install(entry, slice);
            return slice;
        }
        catch (Exception exception) when (IsCorruption(exception))
        {
            Quarantine(entry, $"Its snapshot cannot be read: {exception.Message}", exception);
            throw StoreErrors.Quarantined(entry.Id, entry.QuarantineReason!);
        }
    }

    /// <summary>Puts a new or loaded slice in place. Under the entry's monitor.</summary>
    public void Install(SliceEntry entry, Slice slice)
    {
        entry.Loaded = slice;
        entry.SleepingSettings = null;
        entry.SleepingVectors = null;
        entry.LastUsedMs = context.NowMs;
        Interlocked.Increment(ref _loadedCount);
        CountMemory(entry);
        Pages.Recount(entry, slice);
    }

    /// <summary>Counts what a loaded slice takes now. Under the entry's monitor.</summary>
    public void CountMemory(SliceEntry entry)
    {
        var bytes = entry.Loaded?.MemoryBytes ?? 0;
        Interlocked.Add(ref _loadedBytes, bytes - entry.MemoryBytes);
        entry.MemoryBytes = bytes;
        var recent = entry.Loaded?.RecentVectorBytes ?? 0;
        Interlocked.Add(ref _recentBytes, recent - entry.RecentBytes);
        entry.RecentBytes = recent;
    }

    /// <summary>Takes a slice out of memory; its readers finish first. Under the entry's monitor.</summary>
    public void Unload(SliceEntry entry)
    {
        if (entry.Loaded is not { } slice)
            return;
        entry.SleepingSettings = SettingsCodec.ToBytes(slice.Settings);
        entry.ContentBytes = SliceSnapshotter.StoredBytes(slice.ContentBytes, slice.VisibleChunks);
        entry.SleepingVectors = new SleepingVectors(slice.PublishedChunks, slice.VectorCounts());
        entry.Loaded = null;
        Interlocked.Decrement(ref _loadedCount);
        CountMemory(entry);
        Pages.Recount(entry, null);
        _unloaded.Enqueue((context.Guard.Retire(), slice));
    }

    /// <summary>Disposes unloaded slices that no reader is in any more.</summary>
    public void DisposeUnloaded()
    {
        while (_unloaded.TryPeek(out var unloaded) && context.Guard.HasPassed(unloaded.Epoch))
        {
            if (_unloaded.TryDequeue(out unloaded))
                unloaded.Slice.Dispose();
        }
    }

    /// <summary>Takes everything out of memory when the store closes; waits for readers.</summary>
    public async Task UnloadAllAsync()
    {
        foreach (var entry in _entries.Values)
        {
            lock (entry)
                Unload(entry);
        }

        await context.Guard.WaitAsync(context.Guard.Retire(), CancellationToken.None);
        DisposeUnloaded();
        _loads.Dispose();
    }

    /// <summary>
    /// Serves a slice no longer, because what is on disk is not what was written. It stays so after a restart; erasing
    /// the workspace lifts it. Under the entry's monitor.
    /// </summary>
    public void Quarantine(SliceEntry entry, string reason, Exception? exception)
    {
        QuarantineUntilRestart(entry, reason, exception);
        entry.DirtySince = long.MaxValue;
        entry.DirtyStamp = ulong.MaxValue;
        entry.IsMoved = false;
        Persist(new ManifestChange.Quarantine(entry.Id.WorkspaceUid, reason));
    }

    /// <summary>
    /// Serves a slice no longer, because applying to it failed. The mutation log keeps its records, so that a restart
    /// tries again. Under the entry's monitor.
    /// </summary>
    public void QuarantineUntilRestart(SliceEntry entry, string reason, Exception? exception)
    {
        if (entry.QuarantineReason is not null)
            return;
        StoreLog.Quarantined(context.Logger, entry.Id, reason, exception);
        entry.QuarantineReason = reason;
        Unload(entry);
    }

    /// <summary>Drops the data of a slice whose workspace is being deleted. Under the entry's monitor.</summary>
    public void Drop(SliceEntry entry, byte[] settings)
    {
        Unload(entry);
        var snapshot = entry.Snapshot;
        var wasQuarantined = entry.QuarantineReason is not null;
        entry.IsDeleted = true;
        entry.QuarantineReason = null;
        entry.SleepingSettings = settings;
        entry.Snapshot = default;
        entry.DirtySince = long.MaxValue;
        entry.DirtyStamp = ulong.MaxValue;
        entry.IsMoved = false;
        entry.ContentBytes = 0;
        entry.OldestStagedMs = long.MaxValue;
        Persist(new ManifestChange.Removed(entry.Id));
        if (wasQuarantined && !_entries.Values.Any(other =>
            other.Id.WorkspaceUid == entry.Id.WorkspaceUid
                && other is { IsDeleted: false, QuarantineReason: not null }))
        {
            _quarantinedWorkspaces.TryRemove(entry.Id.WorkspaceUid, out _);
            Persist(new ManifestChange.QuarantineLifted(entry.Id.WorkspaceUid));
        }

        if (snapshot.Generation != 0)
            DeleteFile(snapshot);
    }

    /// <summary>Takes a slice out of the store as if it had never been there. Under the entry's monitor.</summary>
    public void Evict(SliceEntry entry)
    {
        Unload(entry);
        // Whoever has the entry in hand must not look for its snapshot.
        entry.IsDeleted = true;
        entry.Snapshot = default;
        entry.DirtySince = long.MaxValue;
        entry.IsMoved = false;
        entry.ContentBytes = 0;
        entry.OldestStagedMs = long.MaxValue;
        Forget(entry);
    }

    /// <summary>Deletes a snapshot that is no longer current; what fails is swept up at the next start.</summary>
    public void DeleteFile(SnapshotEntry snapshot)
    {
        try
        {
            context.Snapshots.Delete(snapshot.Slice, snapshot.Generation);
        }
        catch (IOException exception)
        {
            StoreLog.SnapshotNotDeleted(context.Logger, snapshot.Slice, exception);
        }
    }

    /// <summary>What is needed of a sleeping slice without loading it, read from its snapshot once.</summary>
    public void ReadSummary(SliceEntry entry)
    {
        lock (entry)
        {
            if (entry.Loaded is not null || entry.Snapshot.Generation == 0
                || entry.QuarantineReason is not null
                    || (entry.SleepingSettings is not null && entry.ContentBytes >= 0))
                return;
            try
            {
                using var file = context.Snapshots.Open(entry.Id, entry.Snapshot.Generation, context.Codec);
                var summary = SliceSnapshotReader.ReadSummary(file, entry.Id);
                entry.SleepingSettings = summary.Settings;
                entry.ContentBytes = SliceSnapshotter.StoredBytes(summary.ContentBytes, summary.VisibleChunks);
                entry.OldestStagedMs = summary.OldestStagedMs;
                entry.SleepingVectors = new SleepingVectors(summary.VisibleChunks, summary.Vectors);
            }
            catch (Exception exception) when (IsCorruption(exception))
            {
                Quarantine(entry, $"Its snapshot cannot be read: {exception.Message}", exception);
            }
        }
    }

    /// <summary>Whether an exception says that stored bytes are not what was written.</summary>
    public static bool IsCorruption(Exception exception) => exception is CorruptDataException or InvalidDataException;

    private bool TryRead<TState, TResult>(SliceEntry entry, TState state, Func<Slice, TState, TResult> read, out TResult result)
    {
        var slot = context.Guard.Enter();
        try
        {
            if (entry.Loaded is { } slice)
            {
                Pages.Note(entry, slice);
                result = read(slice, state);
                return true;
            }
        }
        catch (Exception exception) when (IsCorruption(exception))
        {
            lock (entry)
                Quarantine(entry, $"A read met damaged data: {exception.Message}", exception);
            throw StoreErrors.Quarantined(entry.Id, entry.QuarantineReason!);
        }
        finally
        {
            context.Guard.Leave(slot);
        }

        result = default!;
        return false;
    }

    private async Task LoadAloneAsync(SliceEntry entry)
    {
        try
        {
            await _loads.WaitAsync();
            try
            {
                await MakeRoom(entry.Snapshot.Bytes / MappedShare, CancellationToken.None);
                lock (entry)
                {
                    if (!entry.IsDeleted)
                        GetLoaded(entry);
                }
            }
            finally
            {
                _loads.Release();
            }
        }
        catch (IOException exception) when (!IsCorruption(exception))
        {
            throw new StoreException(
                StoreErrorKind.Unavailable, "The slice's snapshot cannot be read now; try again.", exception,
                TimeSpan.FromSeconds(1));
        }
        finally
        {
            lock (entry)
                entry.Loading = null;
        }
    }

    /// <summary>Records a change in the manifest; if that fails, with the next one.</summary>
    public void Persist(ManifestChange change)
    {
        try
        {
            context.Manifest.Append(change);
        }
        catch (IOException exception)
        {
            // It counts in memory and is written with the next change.
            StoreLog.ManifestNotWritten(context.Logger, exception);
        }
    }
}
