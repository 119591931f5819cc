using System.Collections.Concurrent;
using Rag.Internal.V1;

namespace Rag.Router.Balancing;

/// <summary>
/// How far one shard's partitions are, as far as its answers have told: a lower bound. Thread-safe.
/// </summary>
internal sealed class AppliedPositions
{
    private readonly ConcurrentDictionary<int, Stamp> _byPartition = new();

    /// <summary>Takes note of an answer's positions. The stamps are kept and must not change.</summary>
    public void Note(IReadOnlyList<Stamp> stamps)
    {
        for (var i = 0; i < stamps.Count; i++)
        {
            var stamp = stamps[i];
            if (_byPartition.TryGetValue(stamp.Partition, out var known) && Compare(known, stamp) >= 0)
                continue;
            _byPartition.AddOrUpdate(
                stamp.Partition, static (_, added) => added,
                static (_, former, added) => Compare(former, added) >= 0 ? former : added, stamp);
        }
    }

    /// <summary>Whether every position asked for that is of one of the partitions is known to be applied.</summary>
    public bool HasReached(ReadOnlySpan<Stamp> wanted, ReadOnlySpan<int> partitions)
    {
        foreach (var stamp in wanted)
        {
            if (partitions.Contains(stamp.Partition)
                && !(_byPartition.TryGetValue(stamp.Partition, out var known) && Compare(known, stamp) >= 0))
                return false;
        }

        return true;
    }

    private static int Compare(Stamp left, Stamp right) =>
        left.Epoch != right.Epoch ? left.Epoch.CompareTo(right.Epoch) : left.Sequence.CompareTo(right.Sequence);
}
