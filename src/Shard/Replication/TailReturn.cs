using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// Takes back what a replica has and the others went on without, and keeps it to be brought to them as late mutations.
/// </summary>
internal sealed class TailReturn(
    ReplicationContext context, int partition, TailFinder finder, StreamFollower follower, Orphans orphanFile)
{
    /// <summary>Goes back to the last mutation that the history has.</summary>
    /// <exception cref="MustCopyException">That is not possible from the store's own files.</exception>
    public async Task TakeBackAsync(EpochHistory history, CancellationToken cancellationToken)
    {
        var first = (await context.Log.GetStateAsync(context.Log.StreamOf(partition), cancellationToken)).First;
        var foreign = context.Memory[partition].FirstUnknownTo(history);
        var tail = new List<(WriteStamp Stamp, Guid Id)>();
        await context.Store.ReadTailAsync(partition, default, mutation =>
        {
            if (mutation.Stamp.Epoch < foreign)
                tail.Add((mutation.Stamp, mutation.MutationId));
            return Task.CompletedTask;
        }, cancellationToken);
        var stamp = context.Store.LastStamp(partition);
        var common = stamp.Epoch < foreign && await finder.LocateAsync(history, first, stamp, follower.LastId, cancellationToken) is { } there
            ? (stamp, follower.LastId, there)
            : await finder.FindLastAsync(history, first, tail, cancellationToken);
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

        follower.Place(common?.Sequence ?? 0, common?.Id ?? Guid.Empty);
        if (context.Memory[partition].IsApartFrom(history))
            await context.Memory.SaveAsync(partition, memory => memory.GoBack(history, after.Epoch, common?.Sequence ?? 0));
    }

    // In the epoch in which it left the others: whatever number it gave to later ones, all that they did since goes before.
    private static WriteStamp OriginOf(WriteStamp place, WriteStamp last) =>
        last.IsNone || place.Epoch == last.Epoch ? place : new WriteStamp(last.Epoch, Math.Max(place.Sequence, last.Sequence + 1));
}
