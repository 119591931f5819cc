using System.Diagnostics;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// Snapshots slices so that the mutation log stays short, and cuts the log behind them. A large slice is snapshotted
/// only after the log has grown by a share of what is stored, so that the bytes written stay a small multiple of the
/// bytes that came in. Not thread-safe but for <see cref="RunAsync"/>, which takes turns.
/// </summary>
internal sealed class Checkpointer(
    StoreContext context, SliceCatalog catalog, SliceSnapshotter snapshotter, MutationApplier applier,
    PartitionProgress progress)
    : IDisposable
{
    // The log may hold a quarter of what snapshots hold; half of it is cut at a time: at most eight bytes of snapshots
    // are written for a byte of log.
    private const int LogShare = 4;

    private const int MaxFailures = 8;

    // Of a small slice a quarter has to be new, and so much of it, that four bytes are written for one at most.
    private const long MinRecentBytes = 32 << 10;
    private const long MaxRecentBytes = 8L << 20;

    // One slice after the other, with rests, while others search; several at a time share the disk's syncs.
    private const int RestTimes = 2;

    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<int, WriteStamp> _recorded = [];
    private readonly TailRetention _retention = new(
        context.Options.IsReplica ? context.Options.TailRetention : TimeSpan.Zero, context.Options.TailRetentionBytes);

    /// <summary>Snapshots what the log is too long for, or everything that changed, and cuts the log.</summary>
    public async Task RunAsync(bool everything, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var log = context.Log;
            _retention.Note(context.NowMs, applier.Position);
            var limit = Math.Max(context.Options.CheckpointLogBytes, SnapshotBytes() / LogShare);
            if (!everything && log.TailPosition - context.ReplayFrom <= limit)
            {
                await TruncateAsync(context.Manifest.LogPosition, cancellationToken);
                return;
            }

            var until = everything ? long.MaxValue : (context.ReplayFrom + log.TailPosition) / 2;
            var due = catalog.Entries.Where(entry => entry.IsDirty && (everything || entry.DirtySince < until))
                .ToList();
            due.Sort((left, right) => left.DirtySince.CompareTo(right.DirtySince));
            var parallel = new ParallelOptions
            {
                MaxDegreeOfParallelism = SliceSnapshotter.MaxAtATime, CancellationToken = cancellationToken,
            };
            var failures = 0;
            await Parallel.ForEachAsync(due, parallel, async (entry, token) =>
            {
                // A disk that is full or broken fails them all: the next round tries again.
                if (Volatile.Read(ref failures) < MaxFailures && !await snapshotter.SnapshotAsync(entry, token)
                    && entry is { IsDirty: true, QuarantineReason: null })
                    Interlocked.Increment(ref failures);
            });
            await CutAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// Snapshots small slices of which much is in memory alone, and cuts the log: what is written once and then only
    /// searched takes no memory of its own, and a start has little to replay.
    /// </summary>
    /// <param name="time">How long it goes on at most.</param>
    /// <param name="isUrgent">As fast as it can, and not with rests between them.</param>
    /// <param name="goalBytes">It ends once no more than this is in no snapshot.</param>
    /// <returns>Whether none is left, or the goal is reached.</returns>
    public async Task<bool> SaveRecentAsync(
        TimeSpan time, bool isUrgent, long goalBytes, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var due = catalog.Entries.Where(IsMostlyRecent).ToList();
            if (due.Count == 0)
                return true;
            due.Sort((left, right) => left.DirtySince.CompareTo(right.DirtySince));
            var began = Stopwatch.GetTimestamp();
            var parallel = new ParallelOptions
            {
                MaxDegreeOfParallelism = isUrgent ? SliceSnapshotter.MaxAtATime : 1, CancellationToken = cancellationToken,
            };
            var (failures, left) = (0, 0);
            await Parallel.ForEachAsync(due, parallel, async (entry, token) =>
            {
                if (goalBytes > 0 && catalog.RecentBytes <= goalBytes)
                    return;
                if (Volatile.Read(ref failures) >= MaxFailures || Stopwatch.GetElapsedTime(began) > time)
                {
                    Interlocked.Increment(ref left);
                    return;
                }

                var started = Stopwatch.GetTimestamp();
                if (!await snapshotter.SnapshotAsync(entry, token))
                    Interlocked.Increment(ref failures);
                if (!isUrgent)
                    await Task.Delay(Stopwatch.GetElapsedTime(started) * RestTimes, token);
            });
            await CutAsync(cancellationToken);
            return left == 0;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Does something while the log is not cut.</summary>
    public async Task<T> HoldLogAsync<T>(Func<Task<T>> act, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(act, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private static bool IsMostlyRecent(SliceEntry entry) =>
        entry is { IsDirty: true, QuarantineReason: null, RecentBytes: >= MinRecentBytes and <= MaxRecentBytes }
        && entry.RecentBytes >= entry.Snapshot.Bytes / 4;

    private long SnapshotBytes() => catalog.Entries.Sum(entry => entry.Snapshot.Bytes);

    private async Task CutAsync(CancellationToken cancellationToken)
    {
        // Read first: what is applied behind our back lies behind it.
        var position = applier.Position;
        var sequences = progress.List();
        foreach (var entry in catalog.Entries)
            position = Math.Min(position, entry.DirtySince);
        if (position <= context.ReplayFrom)
        {
            await TruncateAsync(context.Manifest.LogPosition, cancellationToken);
            return;
        }

        var changes = new List<ManifestChange>();
        foreach (var (partition, stamp) in sequences)
        {
            if (_recorded.GetValueOrDefault(partition) != stamp)
                changes.Add(new ManifestChange.PartitionSequence(partition, stamp.Sequence, stamp.Epoch));
            _recorded[partition] = stamp;
        }

        changes.Add(new ManifestChange.LogPosition(position));
        context.Manifest.Append(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(changes));
        await TruncateAsync(position, cancellationToken);
    }

    // Snapshots hold all that lies before the position; a replica keeps some of it for others.
    private async Task TruncateAsync(long position, CancellationToken cancellationToken)
    {
        var log = context.Log;
        position = Math.Min(position, _retention.PositionToKeep(context.NowMs, log.BeginPosition, log.TailPosition));
        if (position <= log.BeginPosition)
            return;
        await log.TruncateBeforeAsync(position, cancellationToken);
        StoreLog.LogCut(context.Logger, position);
    }
}
