using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// Takes back what a replica has and the others went on without, and keeps it to be brought to them as late mutations.
/// </summary>
internal sealed class TailReturn(
    ReplicationContext context, int partition, OwnTail own, StreamFollower follower, Orphans orphanFile)
{
    /// <summary>Goes back to the last mutation that the history has.</summary>
    /// <exception cref="MustCopyException">That is not possible from the store's own files.</exception>
    public async Task TakeBackAsync(EpochHistory history, CancellationToken cancellationToken)
    {
        var first = (await context.Log.GetStateAsync(context.Log.StreamOf(partition), cancellationToken)).First;
        var foreign = context.Memory[partition].FirstUnknownTo(history);
        LogPoint? common = context.Store.LastStamp(partition).Epoch < foreign
            ? await own.LocateAsync(history, first, cancellationToken)
            : null;
        if (common is null)
        {
            var (tail, _) = await own.ListAsync(cancellationToken);
            tail.RemoveAll(one => one.Stamp.Epoch >= foreign);
            if (await own.CompareAsync(history, first, tail, cancellationToken) is (> 0, var found))
                common = found;
        }

        var after = common?.Stamp ?? default;
        var orphans = new List<OrderedMutation>();
        var last = after;
        await context.Store.ReadTailAsync(partition, after, mutation =>
        {
            orphans.Add(mutation.Origin.IsNone ? mutation with { Origin = last = OriginOf(mutation.Stamp, last) } : mutation);
            return Task.CompletedTask;
        }, cancellationToken);
        ReplicationLog.Orphaned(context.Logger, partition, orphans.Count, after);
        if (orphans.Count > 0)
            orphanFile.Add(orphans);
        if (common is null && orphans.Count == 0)
            throw new MustCopyException("The other replicas have another history than this one.");
        if (!await context.Store.RollBackAsync(partition, after, cancellationToken))
        {
            throw new MustCopyException("Snapshots of this replica hold mutations that the others went on without.");
        }

        follower.Place(common ?? default);
        if (context.Memory[partition].IsApartFrom(history))
            await context.Memory.SaveAsync(partition, memory => memory.GoBack(history, after.Epoch, common?.Sequence ?? 0));
    }

    // In the epoch in which it left the others: whatever number it gave to later ones, all that they did since goes before.
    private static WriteStamp OriginOf(WriteStamp place, WriteStamp last) =>
        last.IsNone || place.Epoch == last.Epoch ? place : new WriteStamp(last.Epoch, Math.Max(place.Sequence, last.Sequence + 1));
}
