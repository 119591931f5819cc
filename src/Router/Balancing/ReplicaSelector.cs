using System.Collections.Immutable;
using Rag.Hosting.Topology;
using Rag.Internal.V1;
using Rag.Router.Shards;

namespace Rag.Router.Balancing;

/// <summary>
/// Chooses a replica: of those that are fit best, two at random, and of these the one with less under way (Mitzenmacher,
/// "The power of two choices", 2001). A replica that seems to be gone is still chosen where no other is left, since
/// what is known of it may be old. Thread-safe.
/// <code>
/// rank  8  lost, or its breaker is open      2  it wants no new calls
///       1  not known to be as far as the caller has seen
/// </code>
/// </summary>
internal sealed class ReplicaSelector(ShardStates states)
{
    /// <summary>Most replicas that are looked at; more are never tried for one call.</summary>
    public const int MaxReplicas = 64;

    private const int Gone = 8;
    private const int Leaving = 2;
    private const int Behind = 1;

    /// <summary>A replica that has room, or −1: all that are left are full, or none is left.</summary>
    /// <param name="excluded">A bit for each replica that must not be chosen.</param>
    /// <param name="wanted">Positions that the request waits for.</param>
    /// <param name="mayBeGone">Whether one that seems to be gone will do if no other is left.</param>
    public int Choose(
        ImmutableArray<ShardNode> replicas, ulong excluded, OperationKind kind, ReadOnlySpan<Stamp> wanted,
        ReadOnlySpan<int> partitions, bool mayBeGone)
    {
        while (true)
        {
            var (chosen, rank) = ChooseOnce(replicas, excluded, kind, wanted, partitions);
            if (chosen < 0 || (rank >= Gone && !mayBeGone))
                return -1;
            // Of a breaker that is half open one call goes through; who comes second looks for another replica.
            if (rank >= Gone || states.Of(replicas[chosen]).Breaker.TryEnter())
                return chosen;
        }
    }

    private (int Chosen, int Rank) ChooseOnce(
        ImmutableArray<ShardNode> replicas, ulong excluded, OperationKind kind, ReadOnlySpan<Stamp> wanted,
        ReadOnlySpan<int> partitions)
    {
        int best = int.MaxValue, seen = 0, first = -1, second = -1;
        var count = Math.Min(replicas.Length, MaxReplicas);
        for (var i = 0; i < count; i++)
        {
            if ((excluded >> i & 1) != 0)
                continue;
            var state = states.Of(replicas[i]);
            if (!state.HasRoom(kind))
                continue;
            var rank = RankOf(state, wanted, partitions);
            if (rank > best)
                continue;
            if (rank < best)
                (best, seen, first, second) = (rank, 0, -1, -1);
            // Two of all that are equally fit, each pair as likely as any other.
            seen++;
            if (seen == 1)
                first = i;
            else if (seen == 2)
                second = i;
            else if (Random.Shared.Next(seen) is var slot && slot == 0)
                first = i;
            else if (slot == 1)
                second = i;
        }

        if (second < 0)
            return (first, best);
        var load = states.Of(replicas[first]).Outstanding.CompareTo(states.Of(replicas[second]).Outstanding);
        if (load == 0)
            load = Random.Shared.Next(2) == 0 ? -1 : 1;
        return (load < 0 ? first : second, best);
    }

    private static int RankOf(ShardState state, ReadOnlySpan<Stamp> wanted, ReadOnlySpan<int> partitions)
    {
        var rank = state.Health switch
        {
            ShardHealth.Lost => Gone,
            ShardHealth.NotServing => Leaving,
            _ => 0,
        };
        if (rank < Gone && !state.Breaker.MayEnter)
            rank += Gone;
        if (wanted.Length > 0 && !state.Positions.HasReached(wanted, partitions))
            rank += Behind;
        return rank;
    }
}
