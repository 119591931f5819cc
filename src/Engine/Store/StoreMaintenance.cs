using System.Diagnostics;
using Rag.Engine.Slices;

namespace Rag.Engine;

/// <summary>
/// The store's one background loop: frees what readers have left, keeps memory and logs small, drops what was staged
/// and forgotten. Owned by the store, which awaits its end.
/// </summary>
internal sealed class StoreMaintenance(
    StoreContext context, SliceCatalog catalog, MemoryKeeper memory, Checkpointer checkpointer, ChunkLogCleaner cleaner,
    Func<SliceEntry, string, Guid, CancellationToken, Task> abort)
{
    // Rows taken apart while a slice's writer waits: some milliseconds in a graph.
    private const int ReclaimAtATime = 8;

    // Batches of them for one slice in one round.
    private const int MaxReclaims = 3200;

    // What a snapshot has held back, thousands of rows under a steady load, comes all at once, and to look at ten thousand
    // slices takes a core 50 ms: one that does nothing else is missed by searches. After each bit of work comes a rest that
    // is so many times longer.
    private const int RestTimes = 4;

    private static readonly TimeSpan WorkBeforeRest = TimeSpan.FromMilliseconds(1);

    // Other slices, and snapshots, are not kept waiting longer; the rest is done in the next round.
    private static readonly TimeSpan ReclaimTime = TimeSpan.FromSeconds(2);

    // Samples that the indexes of one slice are measured on in one round, some milliseconds each.
    private const int MaxSamples = 4;

    // Snapshots of sleeping slices looked into in one round, 50 µs each.
    private const int SummariesAtATime = 2000;

    // Apply numbers have 32 bits: long before they are used up a slice is put to sleep, and begins anew when it wakes.
    private const uint MaxVisible = 1u << 31;

    // An order of keys that no list has asked for is dropped with the slice's idleness.
    private const long IdleMs = 60_000;

    // How long the entry of a deleted workspace stays to refuse late writes.
    private const long DeletedMs = 3600_000;

    // While more than this is written from one round to the next, a bulk is not over.
    private const long StillWrittenBytes = 4L << 20;

    // Of one round; the next ones go on.
    private static readonly TimeSpan SaveTime = TimeSpan.FromSeconds(4);

    // Of the memory cap.
    private const int BusyGapShare = 2;

    // Whoever comes less often than this is hardly met by a stop of the process.
    private const long BusyMs = 50;

    private readonly HeapTrim _heap = new(context.ReplayFrom, context.Options.MemoryCapBytes / BusyGapShare);
    private long _written;

    public async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(context.Options.MaintenanceInterval, context.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
                await RunOnceAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            // The store is closing.
        }
    }

    /// <summary>One round; what fails is logged and left to the next.</summary>
    public async Task RunOnceAsync(CancellationToken stopping)
    {
        foreach (var step in new Func<CancellationToken, Task>[]
        {
            SweepAsync, ReadSummariesAsync, token => memory.MakeRoomAsync(0, token), token =>
                checkpointer.RunAsync(false, token),
            ExpireAsync, cleaner.RunAsync, SettleAsync,
        })
        {
            try
            {
                await step(stopping);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                StoreLog.MaintenanceFailed(context.Logger, exception);
            }
        }
    }

    // Once a bulk of writes is over, what it left in memory goes to files, and what that leaves back to the system.
    private async Task SettleAsync(CancellationToken stopping)
    {
        var position = context.Log.TailPosition;
        var isCalm = position - _written <= StillWrittenBytes;
        _written = position;
        if (isCalm && await checkpointer.SaveRecentAsync(SaveTime, isUrgent: false, goalBytes: 0, stopping))
            _heap.Trim(position, () => catalog.IsUsedSince(context.NowMs - BusyMs));
    }

    private async Task SweepAsync(CancellationToken stopping)
    {
        var nowMs = context.NowMs;
        var rested = Stopwatch.GetTimestamp();
        foreach (var entry in catalog.Entries)
        {
            stopping.ThrowIfCancellationRequested();
            if (Stopwatch.GetElapsedTime(rested) is var worked && worked >= WorkBeforeRest)
            {
                await Task.Delay(worked * RestTimes, stopping);
                rested = Stopwatch.GetTimestamp();
            }

            if (entry.IsDeleted && nowMs - entry.LastUsedMs > DeletedMs)
                catalog.Forget(entry);
            if (entry.Loaded is not { } slice)
                continue;
            await ReclaimAsync(entry, stopping);
            for (var sample = 0; sample < MaxSamples && Calibrate(entry); sample++)
                await Task.Yield();
            if (nowMs - entry.LastUsedMs > IdleMs)
                slice.Order.Clear();
            if (slice.Visible > MaxVisible)
                await memory.UnloadAsync(entry, stopping);
        }

        catalog.DisposeUnloaded();
    }

    // What was asleep when the store opened: how much of the chunk log is its, and whether something staged grows old.
    private async Task ReadSummariesAsync(CancellationToken stopping)
    {
        var left = SummariesAtATime;
        foreach (var entry in catalog.Entries)
        {
            if (entry is not { Loaded: null, ContentBytes: < 0, QuarantineReason: null, IsDeleted: false })
                continue;
            stopping.ThrowIfCancellationRequested();
            catalog.ReadSummary(entry);
            await Task.Yield();
            if (--left == 0)
                return;
        }
    }

    private async Task ReclaimAsync(SliceEntry entry, CancellationToken stopping)
    {
        var began = Stopwatch.GetTimestamp();
        var rested = began;
        for (var round = 0; round < MaxReclaims && Reclaim(entry); round++)
        {
            var worked = Stopwatch.GetElapsedTime(rested);
            if (worked < WorkBeforeRest)
                continue;
            if (Stopwatch.GetElapsedTime(began) > ReclaimTime)
                return;
            await Task.Delay(worked * RestTimes, stopping);
            rested = Stopwatch.GetTimestamp();
        }
    }

    // True if there is more to reclaim.
    private bool Reclaim(SliceEntry entry)
    {
        lock (entry)
        {
            if (entry.Loaded is not { } slice)
                return false;
            slice.Graveyard.Reclaim(ReclaimAtATime);
            entry.OldestStagedMs = OldestStaged(slice);
            catalog.CountMemory(entry);
            return slice.Graveyard.HasReclaimable;
        }
    }

    // True if there is more to measure.
    private static bool Calibrate(SliceEntry entry)
    {
        var more = false;
        lock (entry)
        {
            if (entry.Loaded is not { } slice)
                return false;
            foreach (var space in slice.Spaces)
                more |= space.Index.Calibrate(1);
        }

        return more;
    }

    private async Task ExpireAsync(CancellationToken stopping)
    {
        var before = context.NowMs - (long)context.Options.StagedLifetime.TotalMilliseconds;
        foreach (var entry in catalog.Entries)
        {
            if (entry.OldestStagedMs >= before || entry.QuarantineReason is not null || entry.IsDeleted)
                continue;
            await catalog.LoadAsync(entry, stopping);
            var expired = new List<(string DocumentId, Guid Generation)>();
            lock (entry)
            {
                if (entry.Loaded is { } slice)
                    CollectExpired(slice, before, expired);
            }

            foreach (var (documentId, generation) in expired)
            {
                StoreLog.GenerationExpired(context.Logger, entry.Id);
                await abort(entry, documentId, generation, stopping);
            }
        }
    }

    private static long OldestStaged(Slice slice)
    {
        var oldest = long.MaxValue;
        foreach (var document in slice.DocumentsWithStaged)
        {
            foreach (var staged in slice.Documents.State(document)!.Staged)
                oldest = Math.Min(oldest, staged.BeganMs);
        }

        return oldest;
    }

    private static void CollectExpired(Slice slice, long before, List<(string DocumentId, Guid Generation)> to)
    {
        foreach (var document in slice.DocumentsWithStaged)
        {
            var state = slice.Documents.State(document)!;
            foreach (var staged in state.Staged)
            {
                if (staged.BeganMs < before)
                    to.Add((System.Text.Encoding.UTF8.GetString(state.Id), staged.Generation));
            }
        }
    }
}
