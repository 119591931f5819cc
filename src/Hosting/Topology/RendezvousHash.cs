using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using K4os.Hash.xxHash;

namespace Rag.Hosting.Topology;

/// <summary>
/// Highest-random-weight placement (Thaler and Ravishankar, 1998) with weights by the logarithm method: every node
/// scores every partition, the best score owns it. Adding one node to n moves 1/(n+1) of the partitions in expectation
/// and none between the old nodes.
/// </summary>
internal static class RendezvousHash
{
    public static ShardNode Choose(int partition, ImmutableArray<ShardNode> shards)
    {
        var best = shards[0];
        var bestScore = double.NegativeInfinity;
        foreach (var shard in shards)
        {
            var score = Score(partition, shard);
            if (score > bestScore || (score == bestScore && string.CompareOrdinal(shard.Name, best.Name) < 0))
                (best, bestScore) = (shard, score);
        }

        return best;
    }

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
