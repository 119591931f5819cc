using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// Makes one list of the best by vector, by words and by sparse vector. All lists are of the whole workspace, so the
/// outcome does not depend on how many partitions it has.
/// </summary>
internal static class HitFusion
{
    private const int DefaultRankConstant = 60;

    /// <summary>Every chunk of any list, by its mixed score.</summary>
    /// <param name="lists">At most one of each kind; their hits become the fused ones.</param>
    /// <param name="fusion">How to mix; null for the default.</param>
    public static List<SearchHit> Fuse(IReadOnlyList<HitList> lists, Fusion? fusion)
    {
        if (fusion?.Method is not FusionMethod.ReciprocalRank)
            return Fuse(lists, ListScale.Of(lists, fusion));

        var constant = fusion.RankConstant == 0 ? DefaultRankConstant : fusion.RankConstant;
        // Ranks say nothing of how large a sum is: it is not divided by the weights.
        return Fuse(lists, 1, (list, rank, _) => (lists[list].Kind.WeightIn(fusion) ?? 1.0) / (constant + rank + 1));
    }

    /// <summary>The same on scales that are known, one for each list.</summary>
    public static List<SearchHit> Fuse(IReadOnlyList<HitList> lists, IReadOnlyList<ListScale> scales) =>
        Fuse(lists, scales.Sum(static scale => scale.Weight),
            (list, _, score) => scales[list].Weight * scales[list].PartOf(score));

    private static List<SearchHit> Fuse(IReadOnlyList<HitList> lists, double sum, Func<int, int, float, double> partOf)
    {
        var scores = new Dictionary<(string, string), Mixed>(lists.Sum(static list => list.Hits.Count));
        for (var i = 0; i < lists.Count; i++)
        {
            var (kind, hits) = lists[i];
            for (var rank = 0; rank < hits.Count; rank++)
            {
                var (hit, score) = (hits[rank], hits[rank].Score);
                var key = (hit.DocumentId, hit.ChunkId);
                if (!scores.TryGetValue(key, out var known))
                    known = new Mixed(hit, 0);
                kind.SetScore(known.Hit, score);
                scores[key] = known with { Score = known.Score + partOf(i, rank, score) };
            }
        }

        var fused = new List<SearchHit>(scores.Count);
        foreach (var (hit, score) in scores.Values)
        {
            hit.Score = (float)(score / sum);
            fused.Add(hit);
        }

        HitMerge.Sort(fused);
        return fused;
    }

    private readonly record struct Mixed(SearchHit Hit, double Score);
}
