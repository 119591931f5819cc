using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>What a replica learns from the others before it opens.</summary>
internal sealed class PeerAgreement(
    ReplicationContext context, int partition, TailFinder finder, Func<IReadOnlyList<string>> others)
{
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan TellPatience = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Whether nothing that another replica has is missing in the stream. Where none of them is open and some do not
    /// answer nobody can tell; then a new epoch makes sure that what they may bring later is older than what comes now.
    /// </summary>
    public async Task<bool> IsReachedAsync(
        EpochHistory history, SharedLogState state, CancellationToken cancellationToken)
    {
        var missing = others().ToHashSet();
        var question = new PeerQuestion(PeerVerb.Tell, partition, Last: history.Mark);
        for (var began = Environment.TickCount64; missing.Count > 0; await Task.Delay(PollPause, cancellationToken))
        {
            var answers = await Task.WhenAll(missing.Select(async shard =>
                (shard, answer: await context.Peers.AskAsync(shard, question, TellPatience, cancellationToken))));
            foreach (var (shard, answer) in answers)
            {
                if (answer is null)
                    continue;
                missing.Remove(shard);
                if (answer.Promised > context.Memory[partition].Promised)
                {
                    await context.Memory.SaveAsync(partition, memory => memory with { Promised = answer.Promised });
                    throw new LookAgainException($"Shard {shard} has seen epoch {answer.Promised}.", answer.Promised);
                }

                // What it has besides it brings itself.
                if (answer.IsApart)
                    continue;
                if (answer.Followed == history.Current && await finder.LocateAsync(
                    history, state.First, answer.Last, cancellationToken) is null)
                    return false;
                if (answer.IsOpen && answer.Followed == history.Current)
                    return true;
            }

            if (Environment.TickCount64 - began > context.Options.PeerPatience.TotalMilliseconds)
                return missing.Count == 0;
        }

        return true;
    }

    /// <summary>
    /// Learns how far the stream has nothing new for this replica, where it has been trimmed since: a copy of a partition
    /// that rests does not say how far its source had looked, but a replica that has no more than this one does.
    /// </summary>
    public async Task LearnAsync(
        EpochHistory history, ulong located, SharedLogState state, CancellationToken cancellationToken)
    {
        if (Math.Max(located, context.Memory[partition].LookedThrough) + 1 >= state.First)
            return;
        var question = new PeerQuestion(PeerVerb.Tell, partition, Last: history.Mark);
        foreach (var shard in others())
        {
            var answer = await context.Peers.AskAsync(shard, question, TellPatience, cancellationToken);
            if (answer is { IsOpen: true, IsApart: false } && answer.Followed == history.Current
                && answer.Stamp == context.Store.LastStamp(partition) && answer.Through <= state.Last)
            {
                context.Memory.Note(partition, memory => memory with { LookedThrough = answer.Through });
                return;
            }
        }
    }
}
