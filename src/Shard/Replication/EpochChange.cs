using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// Begins a new epoch of a partition: the live replicas promise to take part in no older one, the one with most of the
/// history publishes again what the stream has lost, and only then the epoch is open.
/// <code>
/// promise e ──► answers: who has most? ──► not I: ask that one to lead
///                        │ I
///                        ▼
///        claim e (compare and set) ──► marker ──► lost tail, old order, old places ──► complete e (compare and set)
/// </code>
/// Whoever fails on the way leaves an epoch that is never completed; the next one has a higher number, and what was
/// published of the failed one is void.
/// </summary>
internal sealed class EpochChange(
    ReplicationContext context, int partition, StreamFollower follower, TailFinder finder, OwnTail own,
    Func<IReadOnlyList<string>> others)
{
    // Messages under way at a time; the connection keeps their order.
    private const int Window = 256;

    private static readonly TimeSpan PromisePatience = TimeSpan.FromSeconds(3);

    /// <summary>Tries once; whether this replica has begun an epoch. In any case the caller looks again.</summary>
    /// <param name="entry">The epochs as they were read.</param>
    /// <param name="cancellationToken">Stops it; what was begun stays void.</param>
    public async Task<bool> TryAsync(EpochEntry entry, CancellationToken cancellationToken)
    {
        var history = entry.History;
        var epoch = Math.Max(history.Highest, context.Memory[partition].Promised) + 1;
        if (epoch > ushort.MaxValue)
            throw new InvalidDataException($"Partition {partition} has used up all epochs; restore it under a new cluster id.");
        await context.Memory.SaveAsync(partition, memory => memory with { Promised = epoch });
        var answers = await AskAsync(epoch, history.Mark, cancellationToken);
        if (answers.Any(answer => !answer.Answer.Accepted))
        {
            var highest = answers.Max(answer => answer.Answer.Promised);
            await context.Memory.SaveAsync(
                partition, memory => memory with { Promised = Math.Max(memory.Promised, highest) });
            return false;
        }

        var state = await context.Log.GetStateAsync(context.Log.StreamOf(partition), cancellationToken);
        // Who waits to be told what to take back is asked for nothing.
        var peers = answers.Where(static one => !one.Answer.IsApart).ToList();
        var lost = await FindLostAsync(history, state.First, peers, cancellationToken);
        var isOwnLost = context.Memory[partition].Followed >= history.Current
            && await own.LocateAsync(history, state.First, cancellationToken) is null;
        // Where the stream lost what one of them has, what it has in its place came later and was acknowledged by nobody.
        var kept = lost.Count > 0 && !isOwnLost ? null : await CatchUpAsync(history, state, epoch, cancellationToken);
        var best = LongestOf(isOwnLost || lost.Count > 0 ? lost : peers, isCounted: isOwnLost || lost.Count == 0);
        if (best is not null)
        {
            await context.Peers.AskAsync(best, new PeerQuestion(PeerVerb.Lead, partition), PromisePatience, cancellationToken);
            return false;
        }

        return await LeadAsync(
            entry, epoch, kept ?? await FindKeptAsync(history, state.First, cancellationToken), context.Store.LastStamp(partition),
            cancellationToken);
    }

    // Those whose last mutation the stream does not have though they have not gone on in another history.
    private async Task<List<(string Shard, PeerAnswer Answer)>> FindLostAsync(
        EpochHistory history, ulong first, List<(string Shard, PeerAnswer Answer)> peers, CancellationToken cancellationToken)
    {
        var lost = new List<(string, PeerAnswer)>();
        foreach (var one in peers.Where(one => one.Answer.Followed >= history.Current))
        {
            if (await finder.LocateAsync(history, first, one.Answer.Last, cancellationToken) is null)
                lost.Add(one);
        }

        return lost;
    }

    // The one with most of the history; null where that is this replica.
    private string? LongestOf(List<(string Shard, PeerAnswer Answer)> peers, bool isCounted)
    {
        var own = isCounted ? (context.Memory[partition].Followed, context.Store.LastStamp(partition)) : default;
        return peers.Where(one => (one.Answer.Followed, one.Answer.Stamp).CompareTo(own) > 0)
            .OrderByDescending(static one => (one.Answer.Followed, one.Answer.Stamp)).FirstOrDefault().Shard;
    }

    private async Task<bool> LeadAsync(
        EpochEntry entry, uint epoch, (ulong Sequence, WriteStamp Stamp) kept, WriteStamp end,
        CancellationToken cancellationToken)
    {
        var history = entry.History;
        var claim = new EpochRecord(epoch, context.Shard, 0, default, 0, default);
        if (!await context.Epochs.TryWriteAsync(partition, entry, history.WithClaim(claim), cancellationToken))
            return false;
        var marker = await context.Log.PublishAsync(
            partition, $"{epoch}.{partition}.begin", LogMessage.Begin(partition, epoch).ToBytes(), cancellationToken);
        if (marker <= kept.Sequence)
            throw new SharedLogException($"The log of partition {partition} has lost more since it was looked at.");
        var republished = end > kept.Stamp ? await RepublishAsync(epoch, kept.Stamp, marker, cancellationToken) : 0;
        var claimed = await context.Epochs.ReadAsync(partition, cancellationToken);
        if (claimed.History.Claim != claim)
            return false;
        var record = new EpochRecord(epoch, context.Shard, kept.Sequence, kept.Stamp, marker, end);
        if (!await context.Epochs.TryWriteAsync(partition, claimed, history.With(record), cancellationToken))
            return false;
        await context.Memory.SaveAsync(partition, memory => memory.Follow(history.With(record)));
        ReplicationLog.EpochBegun(context.Logger, partition, epoch, kept.Stamp, republished);
        var look = new PeerQuestion(PeerVerb.Look, partition, epoch);
        await Task.WhenAll(others().Select(
            shard => context.Peers.AskAsync(shard, look, PromisePatience, cancellationToken).AsTask()));
        return true;
    }

    private async Task<(string Shard, PeerAnswer Answer)[]> AskAsync(
        uint epoch, EpochMark last, CancellationToken cancellationToken)
    {
        var question = new PeerQuestion(PeerVerb.Promise, partition, epoch, last);
        var answers = await Task.WhenAll(others().Select(async shard => (
            Shard: shard,
            Answer: await context.Peers.AskAsync(shard, question, PromisePatience, cancellationToken))));
        return [.. answers.Where(one => one.Answer is not null).Select(one => (one.Shard, one.Answer!))];
    }

    // Where the stream has all that is here, what it has besides counts: others may have acknowledged it.
    private async Task<(ulong Sequence, WriteStamp Stamp)?> CatchUpAsync(
        EpochHistory history, SharedLogState state, uint epoch, CancellationToken cancellationToken)
    {
        if (await own.LocateAsync(history, state.First, cancellationToken) is not { } located)
            return null;
        follower.Place(located);
        var last = await context.Log.GetLastAsync(partition, cancellationToken);
        try
        {
            await follower.FollowAsync(history, follower.StartFrom(located, state), last, cancellationToken);
        }
        catch (LookAgainException begun) when (begun.Epoch < epoch)
        {
            // The epochs have lost that one and no live replica has anything of it: what is there of it is void.
        }

        return await own.LocateAsync(history, state.First, cancellationToken) is { } end
            ? (end.Sequence, context.Store.LastStamp(partition))
            : null;
    }

    private async Task<(ulong Sequence, WriteStamp Stamp)> FindKeptAsync(
        EpochHistory history, ulong first, CancellationToken cancellationToken)
    {
        var stamp = context.Store.LastStamp(partition);
        ReplicationLog.LostTail(context.Logger, partition, stamp);
        var (tail, isWhole) = await own.ListAsync(cancellationToken);
        if (await own.CompareAsync(history, first, tail, cancellationToken) is (> 0, var found))
        {
            // All of it may have come again to where it was, in other messages than before.
            if (found.Stamp == stamp)
                follower.Place(found);
            return (found.Sequence, found.Stamp);
        }

        // Nothing of the stream counts; who lacks what is before this tail copies snapshots.
        if (isWhole)
            return default;
        var before = tail.Count == 0 ? stamp : new WriteStamp(tail[0].Stamp.Epoch, tail[0].Stamp.Sequence - 1);
        return (0, before.Sequence == 0 ? default : before);
    }

    private async Task<int> RepublishAsync(
        uint epoch, WriteStamp after, ulong marker, CancellationToken cancellationToken)
    {
        var underWay = new Queue<Task<ulong>>();
        var last = marker;
        var count = 0;
        await context.Store.ReadTailAsync(partition, after, async mutation =>
        {
            if (underWay.Count == Window)
                last = await InOrderAsync(underWay.Dequeue(), last);
            count++;
            underWay.Enqueue(context.Log.PublishAsync(
                partition, $"{epoch}.{partition}.{mutation.Stamp}", LogMessage.Again(epoch, mutation).ToBytes(),
                cancellationToken).AsTask());
        }, cancellationToken);
        while (underWay.TryDequeue(out var one))
            last = await InOrderAsync(one, last);
        return count;
    }

    // A repetition after a lost answer could have changed the order: then the next epoch does better.
    private static async Task<ulong> InOrderAsync(Task<ulong> published, ulong last) =>
        await published is var sequence && sequence > last
            ? sequence
            : throw new SharedLogException("What was published again came in another order.");
}
