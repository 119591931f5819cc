using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// Makes one list of the best by vector and the best by words. Both lists are of the whole workspace, so the outcome
/// does not depend on how many partitions it has.
/// </summary>
internal static class HitFusion
{
    private const int DefaultRankConstant = 60;

    /// <summary>Every chunk of either list, by its mixed score.</summary>
    /// <param name="dense">The best by vector, best first; they become the fused hits.</param>
    /// <param name="sparse">The best by words, best first; likewise.</param>
    /// <param name="fusion">How to mix; null for the default.</param>
    public static List<SearchHit> Fuse(
        IReadOnlyList<SearchHit> dense, IReadOnlyList<SearchHit> sparse, Fusion? fusion)
    {
        if (fusion?.Method is not FusionMethod.ReciprocalRank)
        {
            var (denseScale, sparseScale) = ListScale.Of(dense, sparse, fusion);
            return Fuse(dense, sparse, denseScale, sparseScale);
        }

        var constant = fusion.RankConstant == 0 ? DefaultRankConstant : fusion.RankConstant;
        var (denseWeight, sparseWeight) = (ListScale.DenseWeightOf(fusion), ListScale.SparseWeightOf(fusion));
        // Ranks say nothing of how large a sum is: it is not divided by the weights.
        return Fuse(dense, sparse, 1,
            i => denseWeight / (constant + i + 1), i => sparseWeight / (constant + i + 1));
    }

    /// <summary>The same on scales that are known.</summary>
    public static List<SearchHit> Fuse(
        IReadOnlyList<SearchHit> dense, IReadOnlyList<SearchHit> sparse, ListScale denseScale, ListScale sparseScale) =>
        Fuse(dense, sparse, denseScale.Weight + sparseScale.Weight,
            i => denseScale.Weight * denseScale.PartOf(dense[i].Score),
            i => sparseScale.Weight * sparseScale.PartOf(sparse[i].Score));

    private static List<SearchHit> Fuse(
        IReadOnlyList<SearchHit> dense, IReadOnlyList<SearchHit> sparse, double sum,
        Func<int, double> densePart, Func<int, double> sparsePart)
    {
        var scores = new Dictionary<(string, string), Mixed>(dense.Count + sparse.Count);
        for (var i = 0; i < dense.Count; i++)
        {
            var hit = dense[i];
            hit.DenseScore = hit.Score;
            scores.Add((hit.DocumentId, hit.ChunkId), new Mixed(hit, densePart(i)));
        }

        for (var i = 0; i < sparse.Count; i++)
        {
            var hit = sparse[i];
            var key = (hit.DocumentId, hit.ChunkId);
            hit.SparseScore = hit.Score;
            if (scores.TryGetValue(key, out var known))
                known.Hit.SparseScore = hit.Score;
            else
                known = new Mixed(hit, 0);
            scores[key] = known with { Score = known.Score + sparsePart(i) };
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
