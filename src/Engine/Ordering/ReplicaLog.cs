using Rag.Engine.Mutations;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// What an outer order does with the store's own log: append what it ordered, read it again, take it back. Thread-safe;
/// for one partition one caller at a time.
/// </summary>
internal sealed class ReplicaLog(
    StoreContext context, SliceCatalog catalog, PartitionProgress progress, Checkpointer checkpointer,
    PartitionRollback rollback)
{
    /// <summary>Makes ordered records durable, in their order, and applies them.</summary>
    public async Task ApplyAsync(IReadOnlyList<OrderedMutation> mutations)
    {
        var records = new List<LogRecord>(mutations.Count);
        foreach (var mutation in mutations)
        {
            if (mutation.Stamp <= progress[mutation.Slice.Partition])
                throw StoreErrors.Invalid($"Place {mutation.Stamp} of partition {mutation.Slice.Partition} is taken.");
            var payload = context.Decode(mutation.Slice, mutation.Payload.Span);
            var isLate = !mutation.Origin.IsNone;
            records.Add(new LogRecord(
                mutation.Slice, mutation.Stamp.Epoch, isLate ? (byte)MutationKind.Late : mutation.Kind,
                mutation.MutationId, isLate ? LateMutation.Wrap(mutation.Kind, mutation.Origin, payload) : payload,
                mutation.Stamp.Sequence));
        }

        await context.Log.AppendAllAsync(records);
    }

    /// <summary>Shows records of a partition behind a place, as far as the log still has them; whether it has all that
    /// ever were.</summary>
    public Task<bool> ReadTailAsync(
        int partition, WriteStamp after, Func<OrderedMutation, Task> show, CancellationToken cancellationToken) =>
        checkpointer.HoldLogAsync(async () =>
        {
            foreach (var record in context.Log.Read(0, (slice, stamp) => slice.Partition == partition && stamp > after))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!rollback.IsVoid(record))
                    await show(ToOrdered(record));
            }

            return context.Log.BeginPosition == 0;
        }, cancellationToken);

    /// <summary>Ids of the partitions' last mutations, of those that are in the log still.</summary>
    public Task<Dictionary<int, Guid>> FindLastIdsAsync(CancellationToken cancellationToken) =>
        checkpointer.HoldLogAsync(() =>
        {
            var last = progress.List().ToDictionary();
            var ids = new Dictionary<int, Guid>();
            foreach (var record in context.Log.Read(0, (slice, stamp) => last.GetValueOrDefault(slice.Partition) == stamp))
                ids[record.Slice.Partition] = record.MutationId;
            return Task.FromResult(ids);
        }, cancellationToken);

    /// <summary>Everything of the partition up to this place is in snapshots.</summary>
    public WriteStamp SnapshotStamp(int partition)
    {
        // First: what is applied behind our back lies behind it.
        var floor = PackedStamp.Pack(progress[partition]);
        foreach (var entry in catalog.Entries)
        {
            if (entry.Id.Partition == partition && entry.DirtyStamp is var dirty and not ulong.MaxValue)
                floor = Math.Min(floor, dirty - 1);
        }

        return PackedStamp.Unpack(floor);
    }

    /// <summary>Forgets tombstones that no replica can need; those of sleeping slices when they have been loaded.</summary>
    public void ForgetTombstones(int partition, WriteStamp upTo)
    {
        foreach (var entry in catalog.Entries.Where(entry => entry.Id.Partition == partition))
        {
            lock (entry)
                entry.Loaded?.Tombstones.Forget(PackedStamp.Pack(upTo));
        }
    }

    private OrderedMutation ToOrdered(DurableRecord record)
    {
        var stamp = new WriteStamp(record.Epoch, record.Sequence);
        WriteStamp origin = default;
        if (record.Kind == (byte)MutationKind.Late)
            (record, origin) = LateMutation.Unwrap(record);
        return new OrderedMutation(record.Slice, stamp, record.Kind, record.MutationId,
            context.Encode(record.Slice, record.Payload.Span), origin);
    }
}
