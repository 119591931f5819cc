using Rag.Engine.Mutations;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// Keeps the chunk log under twice its living bytes plus two segments: copies what is alive in the oldest segment to
/// the end, snapshots the slices that had records there, and drops the segment. Run by one maintenance loop.
/// </summary>
internal sealed class ChunkLogCleaner(StoreContext context, SliceCatalog catalog, SliceSnapshotter snapshotter)
{
    // Rows moved while a slice's writer waits.
    private const int RowsAtATime = 256;

    // Where cleaning stopped last, so that it is said once.
    private long _blockedAt = -1;

    /// <summary>Cleans segment after segment while there is too much dead weight.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!context.Copies.Any && IsDue() && await CleanAsync(cancellationToken))
            cancellationToken.ThrowIfCancellationRequested();
    }

    private bool IsDue()
    {
        var log = context.Contents.Log;
        var slack = 2 * context.Options.LogSegmentBytes;
        if (log.SizeBytes <= slack)
            return false;
        var living = 0L;
        foreach (var entry in catalog.Entries)
        {
            // Nothing is known of a quarantined slice: its share is not counted, and cleaning stops at its records.
            if (entry.Loaded is { } slice)
                living += SliceSnapshotter.StoredBytes(slice.ContentBytes, slice.VisibleChunks);
            else if (entry.ContentBytes >= 0)
                living += entry.ContentBytes;
            else if (entry.QuarantineReason is null)
                return false; // Maintenance has not read its summary yet.
        }

        return log.SizeBytes > 2 * living + slack;
    }

    private async Task<bool> CleanAsync(CancellationToken cancellationToken)
    {
        var log = context.Contents.Log;
        var from = log.BeginAddress;
        var until = Math.Min(from / context.Options.LogSegmentBytes * context.Options.LogSegmentBytes
            + context.Options.LogSegmentBytes, log.TailAddress);
        await log.FlushAsync(cancellationToken);
        var slices = log.Scan(from, until).Select(record => record.Slice).ToHashSet();
        var moved = 0L;
        foreach (var id in slices)
        {
            if (catalog.Find(id) is not { IsDeleted: false } entry)
                continue;
            if (entry.QuarantineReason is not null)
            {
                if (_blockedAt != from)
                    StoreLog.CleaningBlocked(context.Logger, from, id);
                _blockedAt = from;
                return false;
            }

            moved += await MoveAsync(entry, from, until, cancellationToken);
            // Also where nothing was moved: an old snapshot may name a place that a replay would read.
            if (entry.IsDirty && !await snapshotter.SnapshotAsync(entry, cancellationToken) && entry.IsDirty)
                return false;
        }

        await log.FlushAsync(cancellationToken);
        await context.Guard.WaitAsync(context.Guard.Retire(), cancellationToken);
        // What is being copied elsewhere is read from there still; the next round finds nothing left to move.
        if (context.Copies.Any)
            return false;
        log.TruncateBefore(until);
        StoreLog.ChunkLogCleaned(context.Logger, until, slices.Count, moved);
        return true;
    }

    private async Task<long> MoveAsync(SliceEntry entry, long from, long until, CancellationToken cancellationToken)
    {
        var moved = 0L;
        for (var row = 0; row >= 0;)
        {
            await catalog.LoadAsync(entry, cancellationToken);
            lock (entry)
            {
                if (entry.IsDeleted || entry.QuarantineReason is not null)
                    return moved;
                if (entry.Loaded is not { } slice)
                    continue;
                try
                {
                    row = Move(entry, slice, row, from, until, ref moved);
                }
                catch (CorruptDataException exception)
                {
                    catalog.Quarantine(entry, $"A text in the chunk log is damaged: {exception.Message}", exception);
                }
            }
        }

        return moved;
    }

    // Returns the row to go on with, −1 at the end.
    private int Move(SliceEntry entry, Slice slice, int row, long from, long until, ref long moved)
    {
        using var content = new PayloadWriter(4096);
        var columns = slice.Rows.Columns;
        for (var count = 0; row < slice.Rows.Limit; row++)
        {
            var packed = columns.Contents[row];
            if (packed == 0 || ContentAddress.Address(packed) < from || ContentAddress.Address(packed) >= until)
                continue;
            // Dead rows have readers at most that came before; they read the old place until it is dropped.
            if (!RowStamps.IsAlive(columns.Stamps[row]) && !IsStaged(slice, row))
                continue;
            if (count++ == RowsAtATime)
                return row;
            content.TruncateTo(0);
            context.Contents.Read(slice.Id, packed, content);
            Volatile.Write(ref columns.Contents[row], context.Contents.Append(slice.Id, content.WrittenSpan));
            entry.IsMoved = true;
            moved += content.Length;
        }

        return -1;
    }

    private static bool IsStaged(Slice slice, int row)
    {
        if (slice.DocumentsWithStaged.Count == 0 || slice.Rows.Columns.Stamps[row] != RowStamps.Staged)
            return false;
        var document = slice.Rows.Columns.Documents[row];
        return document >= 0 && slice.DocumentsWithStaged.Contains(document)
            && slice.Documents.State(document)!.Staged.Any(staged => staged.Rows.Contains(row));
    }
}
