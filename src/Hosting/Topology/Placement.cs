using System.Collections.Immutable;
using System.Text;
using K4os.Hash.xxHash;

namespace Rag.Hosting.Topology;

/// <summary>
/// Where workspaces and documents go. The list of partitions is computed once, when a workspace is made, and read from
/// its settings ever after.
/// <code>
/// document id ── xxHash64 mod s ──► bucket b ── settings.partitions[b] ──► partition ── topology ──► shard
/// </code>
/// </summary>
public static class Placement
{
    /// <summary>The partitions of a new workspace's buckets: <c>(xxHash64(name) + b) mod P</c>.</summary>
    /// <param name="workspace">The workspace's name.</param>
    /// <param name="spread">Number of buckets: a power of two from 1 to <paramref name="partitions"/>.</param>
    /// <param name="partitions">P, the cluster's number of partitions.</param>
    public static ImmutableArray<int> PartitionsOf(string workspace, int spread, int partitions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(spread, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(spread, partitions);
        var hash = Hash(workspace);
        var list = ImmutableArray.CreateBuilder<int>(spread);
        for (var bucket = 0; bucket < spread; bucket++)
            list.Add((int)((hash % (ulong)partitions + (ulong)bucket) % (ulong)partitions));
        return list.MoveToImmutable();
    }

    /// <summary>A document's bucket: <c>xxHash64(document id) mod s</c>.</summary>
    public static int BucketOf(string documentId, int spread) =>
        spread == 1 ? 0 : (int)(Hash(documentId) % (ulong)spread);

    private static ulong Hash(string text)
    {
        const int onStack = 1024;
        var size = Encoding.UTF8.GetMaxByteCount(text.Length);
        var buffer = size <= onStack ? stackalloc byte[onStack] : new byte[size];
        return XXH64.DigestOf(buffer[..Encoding.UTF8.GetBytes(text, buffer)]);
    }
}
