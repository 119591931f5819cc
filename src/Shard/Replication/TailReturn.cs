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
    public async Task TakeBackAsync(EpochHistory history, ulong first, CancellationToken cancellationToken)
    {
        var tail = new List<(WriteStamp Stamp, Guid Id)>();
        await context.Store.ReadTailAsync(partition, default, mutation =>
        {
            tail.Add((mutation.Stamp, mutation.MutationId));
            return Task.CompletedTask;
        }, cancellationToken);
        var stamp = context.Store.LastStamp(partition);
        var common = await finder.FindLastAsync(history, first, tail, cancellationToken);
        var after = common?.Stamp ?? default;
        var orphans = new List<OrderedMutation>();
        await context.Store.ReadTailAsync(partition, after, mutation =>
        {
            orphans.Add(mutation);
            return Task.CompletedTask;
        }, cancellationToken);
        ReplicationLog.Orphaned(context.Logger, partition, orphans.Count, after);
        if (orphans.Count > 0)
            orphanFile.Add(orphans);
        if (common is null && tail.Count == 0)
            throw new MustCopyException("The other replicas have another history than this one.");
        if (!await context.Store.RollBackAsync(partition, after, cancellationToken))
        {
            throw new MustCopyException("Snapshots of this replica hold mutations that the others went on without.");
        }

        follower.Place(common?.Sequence ?? 0, common?.Id ?? Guid.Empty);
    }
}
