using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using K4os.Hash.xxHash;

namespace Rag.Hosting.Topology;

/// <summary>
/// Highest-random-weight placement (Thaler and Ravishankar, 1998) with weights by the logarithm method: every node
/// scores every partition, and the best scores own its replicas. Adding one node to n moves 1/(n+1) of the replicas in
/// expectation and none between the old nodes.
/// </summary>
internal static class RendezvousHash
{
    /// <summary>The best <paramref name="count"/> of the shards that may hold replicas, best first; fewer if there are fewer.</summary>
    public static ImmutableArray<ShardNode> Choose(int partition, ImmutableArray<ShardNode> shards, int count)
    {
        // Kept sorted by insertion: there are few to choose, however many to choose from.
        Span<double> scores = stackalloc double[ClusterTopology.MaxReplicationFactor];
        var best = new ShardNode[Math.Min(count, ClusterTopology.MaxReplicationFactor)];
        var chosen = 0;
        foreach (var shard in shards)
        {
            if (!shard.IsEligible)
                continue;
            var score = Score(partition, shard);
            var at = chosen;
            while (at > 0 && IsBetter(score, shard, scores[at - 1], best[at - 1]))
                at--;
            if (at == best.Length)
                continue;
            chosen = Math.Min(chosen + 1, best.Length);
            for (var i = chosen - 1; i > at; i--)
                (best[i], scores[i]) = (best[i - 1], scores[i - 1]);
            (best[at], scores[at]) = (shard, score);
        }

        return [.. best.AsSpan(0, chosen)];
    }

    private static bool IsBetter(double score, ShardNode shard, double otherScore, ShardNode other) =>
        score > otherScore || (score == otherScore && string.CompareOrdinal(shard.Name, other.Name) < 0);

    private static double Score(int partition, ShardNode shard)
    {
        Span<byte> key = stackalloc byte[4 + 64 * 4];
        BinaryPrimitives.WriteInt32LittleEndian(key, partition);
        var length = 4 + Encoding.UTF8.GetBytes(shard.Name, key[4..]);
        // 53 bits make a uniform double in (0, 1).
        var uniform = ((XXH64.DigestOf(key[..length]) >> 11) + 0.5) * (1.0 / (1UL << 53));
        return -shard.Weight / Math.Log(uniform);
    }
}
