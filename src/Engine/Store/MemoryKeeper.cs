using Rag.Engine.Slices;

namespace Rag.Engine;

/// <summary>
/// Keeps the store under its memory cap: snapshots and puts to sleep the slices that were not used for the longest
/// time. Thread-safe.
/// </summary>
internal sealed class MemoryKeeper(StoreContext context, SliceCatalog catalog, SliceSnapshotter snapshotter)
    : IDisposable
{
    // Vectors since the last snapshot that are worth a snapshot to free them.
    private const long MinRecentBytes = 32L << 20;

    // Part of the cap that is freed beyond what is needed.
    private const int SpareShare = 32;

    // When nothing could be freed, it is not tried again at once.
    private const long PauseMs = 1000;

    private readonly SemaphoreSlim _gate = new(1);
    private long _pausedUntilMs;

    /// <summary>Bytes in memory: slices, sleeping ones, and the logs' buffers.</summary>
    public long MemoryBytes =>
        catalog.MemoryBytes + context.Log.MemoryBytes + context.Contents.Log.MemoryBytes;

    private long Cap => context.Options.MemoryCapBytes;

    /// <summary>
    /// Frees memory until <paramref name="neededBytes"/> more fit under the cap, or nothing more can be freed. Not
    /// under any entry's monitor.
    /// </summary>
    public async Task MakeRoomAsync(long neededBytes, CancellationToken cancellationToken)
    {
        if (MemoryBytes + neededBytes <= Cap || context.NowMs < Interlocked.Read(ref _pausedUntilMs))
            return;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            catalog.DisposeUnloaded();
            if (MemoryBytes + neededBytes <= Cap)
                return;
            var before = MemoryBytes;
            await UnloadAsync(neededBytes, cancellationToken);
            if (MemoryBytes > Cap)
                await FreeRecentAsync(cancellationToken);
            catalog.DisposeUnloaded();
            if (MemoryBytes >= before)
                Interlocked.Exchange(ref _pausedUntilMs, context.NowMs + PauseMs);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    // A little more than is needed, so that the next few loads find room; much more would keep this one waiting.
    private async Task UnloadAsync(long neededBytes, CancellationToken cancellationToken)
    {
        var goal = Math.Max(0, Cap - Cap / SpareShare - neededBytes);
        var loaded = catalog.Entries.Where(entry => entry.MemoryBytes > 0).ToList();
        loaded.Sort((left, right) => left.LastUsedMs.CompareTo(right.LastUsedMs));
        var largest = loaded.Count == 0 ? 0 : loaded.Max(entry => entry.MemoryBytes);
        foreach (var entry in loaded)
        {
            // A slice larger than the cap is served all the same, and does not drive all others out.
            if (MemoryBytes <= goal || catalog.LoadedCount <= 1)
                return;
            if (largest > goal && entry.MemoryBytes < largest && catalog.MemoryBytes - largest < Cap / 8)
                continue;
            await UnloadAsync(entry, cancellationToken);
        }
    }

    /// <summary>Snapshots a slice if it has changed, and puts it to sleep unless it changes again meanwhile.</summary>
    public async Task UnloadAsync(SliceEntry entry, CancellationToken cancellationToken)
    {
        if (entry.IsDirty)
            await snapshotter.SnapshotAsync(entry, cancellationToken);
        lock (entry)
        {
            if (entry.IsDirty || entry.Snapshot.Generation == 0)
                return;
            catalog.Unload(entry);
        }
    }

    // What is left is in use; the vectors that came since its last snapshot can still move to a file.
    private async Task FreeRecentAsync(CancellationToken cancellationToken)
    {
        foreach (var entry in catalog.Entries)
        {
            if (entry.IsDirty && entry.RecentBytes > Math.Max(MinRecentBytes, entry.MemoryBytes / 4))
                await snapshotter.SnapshotAsync(entry, cancellationToken);
        }
    }
}
