namespace Rag.Engine.Storage;

/// <summary>What all entries of a manifest add up to. Not thread-safe.</summary>
internal sealed class ManifestState
{
    public Dictionary<SliceId, SnapshotEntry> Snapshots { get; } = [];

    public Dictionary<int, WriteStamp> PartitionSequences { get; } = [];

    public List<VoidRange> Voids { get; } = [];

    public Dictionary<Guid, string> Quarantined { get; } = [];

    /// <summary>Slices whose removal is in the file that was read; their snapshot files may not be deleted yet.
    /// </summary>
    public HashSet<SliceId> Removed { get; } = [];

    public long LogPosition { get; private set; }

    public ulong LastGeneration { get; private set; }

    /// <summary>Entries that a repetition of this state takes.</summary>
    public int EntryCount => Snapshots.Count + PartitionSequences.Count + Quarantined.Count + Voids.Count + 1;

    public void Apply(ManifestChange change)
    {
        switch (change)
        {
            case ManifestChange.Snapshot(var entry):
                Snapshots[entry.Slice] = entry;
                Removed.Remove(entry.Slice);
                LastGeneration = Math.Max(LastGeneration, entry.Generation);
                break;
            case ManifestChange.Removed(var slice):
                Snapshots.Remove(slice);
                Removed.Add(slice);
                break;
            case ManifestChange.PartitionSequence(var partition, var sequence, var epoch):
                var stamp = new WriteStamp(epoch, sequence);
                if (stamp > PartitionSequences.GetValueOrDefault(partition))
                    PartitionSequences[partition] = stamp;
                break;
            case ManifestChange.Void(var range):
                Voids.Add(range);
                if (range.After.IsNone)
                    PartitionSequences.Remove(range.Partition);
                else if (PartitionSequences.GetValueOrDefault(range.Partition) > range.After)
                    PartitionSequences[range.Partition] = range.After;
                break;
            case ManifestChange.LogPosition(var position):
                LogPosition = Math.Max(LogPosition, position);
                Voids.RemoveAll(range => range.Before <= LogPosition);
                break;
            case ManifestChange.Quarantine(var uid, var reason):
                Quarantined.TryAdd(uid, reason);
                break;
            case ManifestChange.QuarantineLifted(var uid):
                Quarantined.Remove(uid);
                break;
        }
    }

    /// <summary>Changes that lead from nothing to this state.</summary>
    public IEnumerable<ManifestChange> Repeat()
    {
        // Before the sequences, which may have passed them since.
        foreach (var range in Voids)
            yield return new ManifestChange.Void(range);
        foreach (var (partition, stamp) in PartitionSequences)
            yield return new ManifestChange.PartitionSequence(partition, stamp.Sequence, stamp.Epoch);
        foreach (var (uid, reason) in Quarantined)
            yield return new ManifestChange.Quarantine(uid, reason);
        foreach (var entry in Snapshots.Values)
            yield return new ManifestChange.Snapshot(entry);
        yield return new ManifestChange.LogPosition(LogPosition);
    }

    public ulong TakeGeneration() => ++LastGeneration;
}
