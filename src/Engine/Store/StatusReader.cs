using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>Gathers the figures of a store.</summary>
internal static class StatusReader
{
    public static StoreStatus Read(StoreParts parts)
    {
        var (slices, snapshotBytes) = (0, 0L);
        var quarantined = new List<QuarantinedSlice>();
        foreach (var entry in parts.Catalog.Entries)
        {
            if (entry.IsDeleted)
                continue;
            slices++;
            snapshotBytes += entry.Snapshot.Bytes;
            if (entry.QuarantineReason is { } reason)
                quarantined.Add(new QuarantinedSlice(entry.Id, reason));
        }

        foreach (var (uid, reason) in parts.Catalog.LostWorkspaces)
            quarantined.Add(new QuarantinedSlice(new SliceId(uid, -1), reason));
        return new StoreStatus
        {
            Slices = slices,
            LoadedSlices = parts.Catalog.LoadedCount,
            MemoryBytes = parts.Memory.MemoryBytes,
            MemoryCapBytes = parts.Context.Options.MemoryCapBytes,
            MutationLogBytes = parts.Context.Log.SizeBytes,
            ChunkLogBytes = parts.Context.Contents.Log.SizeBytes,
            SnapshotBytes = snapshotBytes,
            WriteFault = FindFault(parts.Context),
            Quarantined = quarantined,
        };
    }

    /// <summary>What each partition takes, whether it is loaded or asleep; those with nothing in them are left out.</summary>
    public static List<PartitionSize> ReadPartitions(StoreParts parts)
    {
        var sizes = new Dictionary<int, PartitionSize>();
        foreach (var entry in parts.Catalog.Entries)
        {
            if (entry.IsDeleted)
                continue;
            // What is not in a snapshot yet is in memory.
            var bytes = Math.Max(entry.Snapshot.Bytes, entry.MemoryBytes)
                + Math.Max(0, entry.Loaded is { } slice ? slice.ContentBytes : entry.ContentBytes);
            var former = sizes.GetValueOrDefault(entry.Id.Partition);
            sizes[entry.Id.Partition] = new PartitionSize(entry.Id.Partition, former.Slices + 1, former.Bytes + bytes);
        }

        return [.. sizes.Values.OrderBy(static size => size.Partition)];
    }

    public static IReadOnlyList<MeasuredRecall> ReadRecalls(StoreParts parts, int most)
    {
        var recalls = new List<MeasuredRecall>();
        foreach (var entry in parts.Catalog.Entries)
        {
            if (entry.IsDeleted || entry.Loaded is not { } slice)
                continue;
            foreach (var space in slice.Spaces)
            {
                // The table is an object of its own: nothing here is freed under a reader.
                if (space.Index.IsGraph && space.Index.MeasuredRecall(default, 10) is { } recall)
                    recalls.Add(new MeasuredRecall(slice.Id, space.Settings.Name, space.Index.Count, recall));
            }
        }

        recalls.Sort(static (left, right) => right.Vectors.CompareTo(left.Vectors));
        return recalls.Count > most ? recalls.GetRange(0, most) : recalls;
    }

    public static (TermIndexStatistics Text, TermIndexStatistics Sparse) ReadTermIndexes(StoreParts parts)
    {
        TermIndexStatistics text = default, sparse = default;
        foreach (var entry in parts.Catalog.Entries)
        {
            if (entry.IsDeleted || entry.Loaded is not { } slice)
                continue;
            text += TermIndexStatistics.Of(slice.Text.Index);
            sparse += TermIndexStatistics.Of(slice.Sparse);
        }

        return (text, sparse);
    }

    private static string? FindFault(StoreContext context)
    {
        try
        {
            context.Health.ThrowIfNotWritable(0);
            return context.Log.IsWritable ? null : "The mutation log is closed.";
        }
        catch (IOException exception)
        {
            return exception.Message;
        }
    }
}
