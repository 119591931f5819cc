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
    /// <summary>Adds hits <paramref name="offset"/> to offset + k − 1 of the merged order.</summary>
    public static void Merge(
        IReadOnlyList<RepeatedField<SearchHit>> lists, int offset, int k, RepeatedField<SearchHit> merged)
    {
        if (lists.Count == 1)
        {
            Take(lists[0], offset, k, merged);
            return;
        }

        // As many heads as shards, some dozens at most: a scan over them beats a heap.
        var heads = new int[lists.Count];
        var end = offset + k;
        for (var rank = 0; rank < end; rank++)
        {
            var best = -1;
            SearchHit? bestHit = null;
            for (var i = 0; i < heads.Length; i++)
            {
                var hits = lists[i];
                if (heads[i] < hits.Count && (bestHit is null || IsBefore(hits[heads[i]], bestHit)))
                    (best, bestHit) = (i, hits[heads[i]]);
            }

            if (bestHit is null)
                return;
            heads[best]++;
            if (rank >= offset)
                merged.Add(bestHit);
        }
    }

    public static void Take(RepeatedField<SearchHit> hits, int offset, int k, RepeatedField<SearchHit> taken)
    {
        if (offset == 0 && hits.Count <= k)
        {
            taken.AddRange(hits);
            return;
        }

        for (var i = offset; i < hits.Count && i - offset < k; i++)
            taken.Add(hits[i]);
    }

    /// <summary>The one order of hits.</summary>
    public static bool IsBefore(SearchHit left, SearchHit right) => left.Score != right.Score
        ? left.Score > right.Score
        : Utf8Order.Compare(left.DocumentId, left.ChunkId, right.DocumentId, right.ChunkId) < 0;
}
