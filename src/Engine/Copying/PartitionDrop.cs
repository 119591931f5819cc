using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// Takes a partition out of the store: its slices, their files, their memory, and what the mutation log still has of it,
/// which counts no longer. Used where no records of the partition are applied meanwhile.
/// </summary>
internal sealed class PartitionDrop(
    StoreContext context, SliceCatalog catalog, MutationApplier applier, PartitionProgress progress)
{
    public void Run(int partition)
    {
        var entries = catalog.Entries.Where(entry => entry.Id.Partition == partition).ToList();
        var snapshots = new List<SnapshotEntry>();
        // What the mutation log has of it must not come back with a replay.
        var range = new VoidRange(partition, default, context.Log.TailPosition);
        var changes = new List<ManifestChange> { new ManifestChange.Void(range) };
        applier.Void(range);
        foreach (var entry in entries)
        {
            lock (entry)
            {
                if (entry.Snapshot.Generation != 0)
                    snapshots.Add(entry.Snapshot);
                catalog.Evict(entry);
            }

            changes.Add(new ManifestChange.Removed(entry.Id));
        }

        progress.Reset(partition, default);
        context.Manifest.Append(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(changes));
        foreach (var snapshot in snapshots)
            catalog.DeleteFile(snapshot);
        StoreLog.PartitionDropped(context.Logger, partition, entries.Count);
    }
}
