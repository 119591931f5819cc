using Google.Protobuf.Collections;
using Rag.Router.Shards;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// The best hits of several shards in the one order: score descending, then document id, then chunk id, bytewise. Each
/// shard's hits are in that order already and no chunk is on two shards, so the merge is exact.
/// </summary>
internal static class HitMerge
{
    /// <summary>The best <paramref name="most"/> of all lists.</summary>
    public static List<SearchHit> Merge(IReadOnlyList<RepeatedField<SearchHit>> lists, int most = int.MaxValue)
    {
        if (lists.Count == 1)
            return [.. lists[0].Take(most)];

        var total = Math.Min(most, lists.Sum(static list => list.Count));
        var merged = new List<SearchHit>(total);
        // As many heads as shards, some dozens at most: a scan over them beats a heap.
        var heads = new int[lists.Count];
        while (merged.Count < total)
        {
            var best = -1;
            SearchHit? bestHit = null;
            for (var i = 0; i < heads.Length; i++)
            {
                var hits = lists[i];
                if (heads[i] < hits.Count && (bestHit is null || IsBefore(hits[heads[i]], bestHit)))
                    (best, bestHit) = (i, hits[heads[i]]);
            }

            heads[best]++;
            merged.Add(bestHit!);
        }

        return merged;
    }

    /// <summary>Puts hits into the one order.</summary>
    public static void Sort(List<SearchHit> hits) => hits.Sort(static (left, right) =>
        IsBefore(left, right) ? -1 : IsBefore(right, left) ? 1 : 0);

    /// <summary>The one order of hits.</summary>
    public static bool IsBefore(SearchHit left, SearchHit right) => left.Score != right.Score
        ? left.Score > right.Score
        : Utf8Order.Compare(left.DocumentId, left.ChunkId, right.DocumentId, right.ChunkId) < 0;
}
