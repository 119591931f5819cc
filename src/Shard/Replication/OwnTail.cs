using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>Finds out how much of what this replica has is in the shared log.</summary>
internal sealed class OwnTail(ReplicationContext context, int partition, TailFinder finder, StreamFollower follower)
{
    /// <summary>The last mutation that is durable here, with what is known of it.</summary>
    public LogPoint Last
    {
        get
        {
            var stamp = context.Store.LastStamp(partition);
            return follower.Last is var last && last.Stamp == stamp ? last : new LogPoint(stamp, Guid.Empty);
        }
    }

    /// <summary>Begins where a start found the store. After a proper end it is known which message its last mutation was.
    /// </summary>
    public void Resume(Guid lastId)
    {
        var last = new LogPoint(context.Store.LastStamp(partition), lastId);
        var seen = context.Memory[partition].Seen;
        follower.Place((seen?.Stamp, seen?.Id) == (last.Stamp, last.Id) ? seen!.Value : last);
    }

    /// <summary>Remembers the last mutation that the stream had; durable with what is saved next.</summary>
    public void NoteSeen()
    {
        if (follower.Last is { StoredAt: not 0 } last)
            context.Memory.Note(partition, memory => memory.WithSeen(last));
    }

    /// <summary>Where the last mutation stands in the stream, if the stream has all that this replica has; null if not.
    /// </summary>
    public async ValueTask<LogPoint?> LocateAsync(EpochHistory history, ulong first, CancellationToken cancellationToken)
    {
        var last = Last;
        if (await finder.LocateAsync(history, first, last, cancellationToken) is not { } found)
            return null;
        if (found.Sequence < first || (found.Sequence == last.Sequence && last.StoredAt != 0)
            || await IsLikelyWholeAsync(history, first, last, cancellationToken))
            return found;
        // It was published again since it was seen, or nothing is known of when it was: another order before it would not
        // show in its place.
        var (tail, _) = await ListAsync(cancellationToken);
        if (tail.Count == 0 || tail[^1].Stamp != last.Stamp)
            return found;
        var (count, common) = await CompareAsync(history, first, tail, cancellationToken);
        return count == tail.Count ? common : null;
    }

    /// <summary>How many of these mutations the stream has, and the last of them; see <see cref="TailFinder"/>.</summary>
    public Task<(int Count, LogPoint Last)> CompareAsync(
        EpochHistory history, ulong first, IReadOnlyList<(WriteStamp Stamp, Guid Id)> tail, CancellationToken cancellationToken) =>
        finder.CompareAsync(history, first, context.Store.SnapshotStamp(partition), tail, cancellationToken);

    /// <summary>Mutations as far as the store's log has them, and whether it has all that ever were.</summary>
    public async Task<(List<(WriteStamp Stamp, Guid Id)> Tail, bool IsWhole)> ListAsync(CancellationToken cancellationToken)
    {
        var tail = new List<(WriteStamp, Guid)>();
        var isWhole = await context.Store.ReadTailAsync(partition, default, mutation =>
        {
            tail.Add((mutation.Stamp, mutation.MutationId));
            return Task.CompletedTask;
        }, cancellationToken);
        return (tail, isWhole);
    }

    // After a start without a proper end: what was seen a few seconds before it is there still, and so is the last one.
    private async ValueTask<bool> IsLikelyWholeAsync(
        EpochHistory history, ulong first, LogPoint last, CancellationToken cancellationToken)
    {
        var memory = context.Memory[partition];
        if (last.StoredAt != 0 || last.Id == Guid.Empty || memory.Followed != history.Current)
            return false;
        return memory.Seen is not { } seen || seen.Stamp > last.Stamp || seen.Sequence < first
            || await finder.LocateAsync(history, first, seen, cancellationToken) is { } found && found.Sequence == seen.Sequence;
    }
}
