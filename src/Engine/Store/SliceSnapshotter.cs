using System.Diagnostics;
using Rag.Engine.Indexing;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// Writes snapshots of slices, a few at a time and never two of one slice, beside their writers and readers.
/// Thread-safe.
/// </summary>
internal sealed class SliceSnapshotter(StoreContext context, SliceCatalog catalog) : IDisposable
{
    // What a record of the chunk log costs besides its content: header, codec, alignment.
    private const int RecordOverhead = 72;

    private const int PollMs = 5;

    // What may be written to the log while one is made at the usual pace: all of it is in memory until the next one.
    private const long MaxBehindBytes = 128L << 20;

    // A slice of fewer rows is written in milliseconds, most of them the disk's: not worth a thread.
    private const int ManyRows = 8192;

    // Snapshots of small slices mostly wait for the disk: several at a time share its syncs.
    public const int MaxAtATime = 4;

    private readonly SemaphoreSlim _gate = new(MaxAtATime);

    /// <summary>Bytes that content takes in the chunk log, given what it holds.</summary>
    public static long StoredBytes(long contentBytes, long chunks) => contentBytes + chunks * RecordOverhead;

    /// <summary>
    /// Snapshots a slice that has changed since its last snapshot; false if there was nothing to do or it failed, which
    /// is logged and can be tried again.
    /// </summary>
    public async Task<bool> SnapshotAsync(SliceEntry entry, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        var isMine = false;
        try
        {
            while (!(isMine = TryBegin(entry)))
                await Task.Delay(PollMs, cancellationToken);
            return await Task.Run(() => RunAsync(entry, cancellationToken), cancellationToken);
        }
        catch (Exception exception) when (SliceCatalog.IsCorruption(exception))
        {
            lock (entry)
                catalog.Quarantine(entry, $"Its data cannot be read for a snapshot: {exception.Message}", exception);
            return false;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            StoreLog.SnapshotFailed(context.Logger, entry.Id, exception);
            return false;
        }
        finally
        {
            if (isMine)
            {
                lock (entry)
                    entry.IsBeingSnapshotted = false;
            }

            _gate.Release();
        }
    }

    /// <summary>
    /// Makes a snapshot of this store from one of another store and the contents that belong to it. It is in no manifest
    /// yet.
    /// </summary>
    /// <param name="id">The slice.</param>
    /// <param name="path">The other store's snapshot.</param>
    /// <param name="received">The contents of all its rows.</param>
    /// <exception cref="CorruptDataException">One of them is damaged, or they do not belong together.</exception>
    public SnapshotEntry Rewrite(SliceId id, string path, ReceivedContents received)
    {
        using var file = SnapshotReader.Open(context.Files, path, id, context.Codec);
        var slice = SliceSnapshotReader.Read(
            file, id, context.Guard, context.Options.MutationIdLifetime, context.Contents,
            (columns, presence) => Place(id, columns, presence, received));
        try
        {
            var slot = context.Guard.Enter();
            try
            {
                return Write(SnapshotCut.Take(slice), id);
            }
            finally
            {
                context.Guard.Leave(slot);
            }
        }
        finally
        {
            slice.Dispose();
        }
    }

    public void Dispose() => _gate.Dispose();

    private void Place(SliceId id, RowColumns columns, IRowPresence presence, ReceivedContents received)
    {
        var next = 0;
        var plain = Array.Empty<byte>();
        while (received.TryRead())
        {
            ExpectNone(received.Row);
            var length = context.Codec.PlainLength(received.Encoded);
            if (plain.Length < length)
                plain = new byte[length];
            context.Codec.Decode(id.WorkspaceUid, received.Encoded, plain);
            if (!presence.IsPresent(received.Row) || ContentAddress.Length(columns.Contents[received.Row]) != length)
                throw new CorruptDataException("The contents of a copied slice do not fit its rows.");
            columns.Contents[received.Row] = context.Contents.Append(id, plain.AsSpan(0, length));
            next = received.Row + 1;
        }

        ExpectNone(columns.Capacity);

        void ExpectNone(int until)
        {
            for (; next < until; next++)
            {
                if (presence.IsPresent(next) && columns.Contents[next] != 0)
                    throw new CorruptDataException($"The content of row {next} of a copied slice is missing.");
            }
        }
    }

    private static bool TryBegin(SliceEntry entry)
    {
        lock (entry)
        {
            if (entry.IsBeingSnapshotted)
                return false;
            return entry.IsBeingSnapshotted = true;
        }
    }

    private async Task<bool> RunAsync(SliceEntry entry, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        // A reader from before the cut to the end: what is present at the cut stays in place.
        var slot = context.Guard.Enter();
        try
        {
            SnapshotCut cut;
            bool wasMoved;
            lock (entry)
            {
                if (entry.Loaded is not { } slice || !entry.IsDirty)
                    return false;
                cut = SnapshotCut.Take(slice);
                entry.DirtySinceCut = long.MaxValue;
                entry.DirtyStampCut = ulong.MaxValue;
                wasMoved = entry.IsMoved;
                entry.IsMoved = false;
            }

            try
            {
                // The snapshot names places in the chunk log: they come first to disk.
                await context.Contents.Log.FlushAsync(cancellationToken);
                var position = context.Log.TailPosition;
                var (snapshot, attachment) = cut.RowLimit < ManyRows
                    ? WriteAndPrepare(cut, entry.Id, position)
                    : await BackgroundThread.RunAsync("rag snapshot", () => WriteAndPrepare(cut, entry.Id, position));
                bool isCurrent;
                using (attachment)
                    isCurrent = Complete(entry, cut, snapshot, attachment);
                if (isCurrent)
                    StoreLog.Snapshotted(context.Logger, entry.Id, PackedStamp.Unpack(cut.Stamp), snapshot.Bytes,
                        (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                return isCurrent;
            }
            catch
            {
                lock (entry)
                    entry.IsMoved |= wasMoved;
                throw;
            }
        }
        finally
        {
            context.Guard.Leave(slot);
            Reclaim(entry);
        }
    }

    // Most of the slice's memory by far is what the snapshot has taken the place of, as long as nothing else reads.
    private void Reclaim(SliceEntry entry)
    {
        lock (entry)
        {
            if (entry.Loaded is not { } slice)
                return;
            slice.Graveyard.Reclaim(0);
            catalog.CountMemory(entry);
        }
    }

    private SnapshotEntry Write(SnapshotCut cut, SliceId id, Func<bool>? isUrgent = null)
    {
        var stamp = PackedStamp.Unpack(cut.Stamp);
        var generation = context.Manifest.TakeGeneration();
        var header = new SnapshotHeader(
            id, stamp.Epoch, stamp.Sequence, cut.Settings.Version, generation, context.NowMs);
        using var file = context.Snapshots.Create(header, context.Codec, new WorkPace(isUrgent));
        SliceSnapshotWriter.Write(cut, file);
        return new SnapshotEntry(id, stamp.Epoch, stamp.Sequence, generation, file.Complete());
    }

    private (SnapshotEntry Snapshot, SnapshotAttachment Attachment) WriteAndPrepare(SnapshotCut cut, SliceId id, long position)
    {
        var isUrgent = () => context.Log.TailPosition - position > MaxBehindBytes;
        var snapshot = Write(cut, id, isUrgent);
        try
        {
            using var file = context.Snapshots.Open(id, snapshot.Generation, context.Codec);
            return (snapshot, SnapshotAttachment.Prepare(cut, file, isUrgent));
        }
        catch (Exception exception)
        {
            catalog.DeleteFile(snapshot);
            if (!SliceCatalog.IsCorruption(exception))
                throw;
            // The slice itself is sound: this file does not count, and the next one may be better.
            throw new StorageFaultException("A snapshot cannot be read back as it was written.", exception);
        }
    }

    private bool Complete(SliceEntry entry, SnapshotCut cut, SnapshotEntry snapshot, SnapshotAttachment attachment)
    {
        SnapshotEntry former;
        lock (entry)
        {
            // Deleted or quarantined meanwhile: nobody needs it.
            if (entry.Loaded != cut.Slice)
            {
                catalog.DeleteFile(snapshot);
                return false;
            }

            context.Manifest.Append(new ManifestChange.Snapshot(snapshot));
            former = entry.Snapshot;
            entry.Snapshot = snapshot;
            entry.DirtySince = entry.DirtySinceCut;
            entry.DirtyStamp = entry.DirtyStampCut;
            entry.ContentBytes = StoredBytes(cut.ContentBytes, cut.VisibleChunks);
            entry.OldestStagedMs = cut.OldestStagedMs;
            attachment.Attach(isUnchanged: entry.DirtySince == long.MaxValue);
            catalog.CountMemory(entry);
            catalog.Pages.Recount(entry, cut.Slice);
        }

        if (former.Generation != 0)
            catalog.DeleteFile(former);
        return true;
    }
}
