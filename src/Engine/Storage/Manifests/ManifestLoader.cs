using Microsoft.Extensions.Logging;

namespace Rag.Engine.Storage;

/// <summary>Reads the newest manifest and makes up for what is damaged in it.</summary>
internal static class ManifestLoader
{
    /// <summary>What was found.</summary>
    /// <param name="State">The sum of all entries.</param>
    /// <param name="LastGeneration">Generation of the newest file; 0 for none.</param>
    /// <param name="NextNumber">Number for the next entry.</param>
    /// <param name="Length">Where the next entry goes in the newest file.</param>
    /// <param name="Entries">Entries in the newest file.</param>
    /// <param name="IsClean">The newest file can be appended to.</param>
    /// <param name="Damaged">Entries were lost.</param>
    public sealed record Result(
        ManifestState State, ulong LastGeneration, ulong NextNumber, long Length, int Entries, bool IsClean,
        bool Damaged);

    public static Result Load(
        IStorageFileSystem files, string folder, SnapshotFolder snapshots, IPayloadCodec codec, ILogger logger)
    {
        var generations = ManifestFile.ListGenerations(files, folder);
        var state = new ManifestState();
        if (generations.Count == 0)
        {
            // A new store; or one whose manifest was deleted, and then its snapshots are still there.
            var found = Reconcile(files, state, snapshots, codec, logger);
            return new Result(state, 0, 1, 0, 0, IsClean: false, Damaged: found > 0);
        }

        var newest = ManifestFile.Read(files, folder, generations[0]);
        if (!newest.BaseComplete && generations.Count > 1)
        {
            foreach (var change in ManifestFile.Read(files, folder, generations[1]).Changes)
                state.Apply(change);
        }
        foreach (var change in newest.Changes)
            state.Apply(change);
        if (!newest.Damaged && newest.BaseComplete)
        {
            return new Result(
                state, generations[0], newest.NextNumber, newest.Length, newest.Changes.Count, true, false);
        }
        ManifestLog.Damaged(logger, generations[0]);
        Reconcile(files, state, snapshots, codec, logger);
        return new Result(state, generations[0], newest.NextNumber, 0, 0, IsClean: false, Damaged: true);
    }

    // Every finished snapshot is of durable mutations, so the newest one of a slice may always be used.
    private static int Reconcile(
        IStorageFileSystem files, ManifestState state, SnapshotFolder snapshots, IPayloadCodec codec,
        ILogger logger)
    {
        var adopted = 0;
        foreach (var (slice, generation) in snapshots.List().OrderBy(file => file.Generation))
        {
            if (state.Removed.Contains(slice))
                continue;
            var known = state.Snapshots.TryGetValue(slice, out var entry);
            if (known && entry.Generation >= generation && files.Exists(snapshots.PathOf(slice, entry.Generation)))
                continue;
            try
            {
                using var reader = snapshots.Open(slice, generation, codec);
                var header = reader.Header;
                state.Apply(new ManifestChange.Snapshot(new SnapshotEntry(
                    slice, header.Epoch, header.Sequence, generation, reader.Length)));
                state.Apply(new ManifestChange.PartitionSequence(slice.Partition, header.Sequence));
                adopted++;
            }
            catch (CorruptDataException exception)
            {
                ManifestLog.NotAdopted(logger, slice, exception);
            }
        }
        if (adopted > 0)
            ManifestLog.Adopted(logger, adopted);
        return adopted;
    }
}
