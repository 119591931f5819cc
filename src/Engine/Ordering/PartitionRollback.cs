using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// Takes the last records of a partition back: its slices go to their snapshots, and on from there by the log, up to the
/// place that stands. What is taken back stays in the log and is void from then on, in every replay too. Used where no
/// records of the partition are applied meanwhile.
/// </summary>
internal sealed class PartitionRollback(
    StoreContext context, SliceCatalog catalog, MutationApplier applier, PartitionProgress progress)
{
    /// <summary>Whether a record was taken back.</summary>
    public bool IsVoid(DurableRecord record) => applier.IsVoid(record);

    /// <summary>Takes back what lies behind a place; false if snapshots hold some of it: they must be replaced.</summary>
    public bool Run(int partition, WriteStamp after)
    {
        var place = PackedStamp.Pack(after);
        var entries = catalog.Entries.Where(entry => entry.Id.Partition == partition && entry.Stamp > place).ToList();
        if (entries.Any(entry => entry.IsDeleted || entry.QuarantineReason is not null || SnapshotOf(entry) > place))
            return false;
        var held = entries.ToDictionary(entry => entry.Id, _ => new List<DurableRecord>());
        var records = context.Log.Read(0, (slice, stamp) => held.ContainsKey(slice) && stamp <= after);
        foreach (var record in records.Where(record => !applier.IsVoid(record)))
            held[record.Slice].Add(record);
        var range = new VoidRange(partition, after, context.Log.TailPosition);
        context.Manifest.Append(new ManifestChange.Void(range));
        applier.Void(range);
        var isWhole = true;
        foreach (var entry in entries)
            isWhole &= Restore(entry, place, held[entry.Id]);
        progress.Reset(partition, after);
        return isWhole;
    }

    private bool Restore(SliceEntry entry, ulong place, List<DurableRecord> records)
    {
        lock (entry)
        {
            // A snapshot was finished meanwhile.
            if (SnapshotOf(entry) > place)
                return false;
            catalog.Unload(entry);
            entry.Stamp = SnapshotOf(entry);
            entry.SleepingSettings = null;
            entry.ContentBytes = -1;
            entry.OldestStagedMs = long.MaxValue;
            entry.DirtySince = entry.DirtySinceCut = long.MaxValue;
            entry.DirtyStamp = entry.DirtyStampCut = ulong.MaxValue;
            if (records.Count > 0)
                applier.ApplyAgain(entry.Id, records);
            if (entry is { Stamp: 0, QuarantineReason: null })
                catalog.Forget(entry);
            return true;
        }
    }

    private static ulong SnapshotOf(SliceEntry entry) => entry.Snapshot.Generation == 0
        ? 0
        : PackedStamp.Pack(new WriteStamp(entry.Snapshot.Epoch, entry.Snapshot.Sequence));
}
