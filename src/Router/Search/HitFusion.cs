using Google.Protobuf.Collections;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// Makes one list of the best by vector and the best by words. Both lists are of the whole workspace, so the outcome
/// does not depend on how many partitions it has.
/// </summary>
internal static class HitFusion
{
    private const int DefaultRankConstant = 60;
    private const double Deviations = 3;
    private const double TrustedDeviations = 4;
    private const FusionMethod Unspecified = FusionMethod.Unspecified;

    /// <summary>Every chunk of either list, by its mixed score.</summary>
    /// <param name="dense">The best by vector, best first; they become the fused hits.</param>
    /// <param name="sparse">The best by words, best first; likewise.</param>
    /// <param name="fusion">How to mix; null for the default.</param>
    public static List<SearchHit> Fuse(
        IReadOnlyList<SearchHit> dense, IReadOnlyList<SearchHit> sparse, Fusion? fusion)
    {
        var (denseWeight, sparseWeight) = fusion switch
        {
            null or { HasDenseWeight: false, HasSparseWeight: false, Method: Unspecified or FusionMethod.Scaled } =>
                (TrustIn(dense), TrustIn(sparse)),
            _ => (fusion.HasDenseWeight ? fusion.DenseWeight : 1.0, fusion.HasSparseWeight ? fusion.SparseWeight : 1.0),
        };
        // Ranks say nothing of how large a sum is; scaled scores stay between 0 and 1.
        var sum = fusion?.Method is FusionMethod.ReciprocalRank ? 1 : denseWeight + sparseWeight;
        var scores = new Dictionary<(string, string), Mixed>(dense.Count + sparse.Count);
        var parts = PartsOf(dense, fusion);
        for (var i = 0; i < dense.Count; i++)
        {
            var hit = dense[i];
            hit.DenseScore = hit.Score;
            scores.Add((hit.DocumentId, hit.ChunkId), new Mixed(hit, denseWeight * parts[i]));
        }

        parts = PartsOf(sparse, fusion);
        for (var i = 0; i < sparse.Count; i++)
        {
            var hit = sparse[i];
            var key = (hit.DocumentId, hit.ChunkId);
            hit.SparseScore = hit.Score;
            if (scores.TryGetValue(key, out var known))
                known.Hit.SparseScore = hit.Score;
            else
                known = new Mixed(hit, 0);
            scores[key] = known with { Score = known.Score + sparseWeight * parts[i] };
        }

        var fused = new List<SearchHit>(scores.Count);
        foreach (var (hit, score) in scores.Values)
        {
            hit.Score = (float)(score / sum);
            fused.Add(hit);
        }

        fused.Sort(static (left, right) =>
            HitMerge.IsBefore(left, right) ? -1 : HitMerge.IsBefore(right, left) ? 1 : 0);
        return fused;
    }

    // What each hit of one list counts before the list's weight.
    private static double[] PartsOf(IReadOnlyList<SearchHit> hits, Fusion? fusion)
    {
        var parts = new double[hits.Count];
        if (hits.Count == 0)
            return parts;
        if (fusion?.Method is FusionMethod.ReciprocalRank)
        {
            var constant = fusion.RankConstant == 0 ? DefaultRankConstant : fusion.RankConstant;
            for (var i = 0; i < parts.Length; i++)
                parts[i] = 1.0 / (constant + i + 1);
            return parts;
        }

        var (low, high) = fusion?.Method is FusionMethod.Distribution
            ? SpreadOf(hits)
            : (hits[^1].Score, hits[0].Score);
        for (var i = 0; i < parts.Length; i++)
            parts[i] = high > low ? Math.Clamp((hits[i].Score - low) / (high - low), 0, 1) : 1;
        return parts;
    }

    // A list whose best stand out by many standard deviations knows what it is looking for; one whose scores are all
    // alike does not. On five public collections and two encoders this was above either list everywhere, and on average
    // above every fixed weight; the figures stand in docs/search.md.
    private static double TrustIn(IReadOnlyList<SearchHit> hits)
    {
        if (hits.Count < 2)
            return 1;
        var (low, high) = SpreadOf(hits);
        return high > low
            ? 1 + 2 * Deviations * (hits[0].Score - hits[^1].Score) / (TrustedDeviations * (high - low))
            : 1;
    }

    private static (double Low, double High) SpreadOf(IReadOnlyList<SearchHit> hits)
    {
        var mean = hits.Average(static hit => (double)hit.Score);
        var deviation = Math.Sqrt(hits.Sum(hit => (hit.Score - mean) * (hit.Score - mean)) / hits.Count);
        return (mean - Deviations * deviation, mean + Deviations * deviation);
    }

    private readonly record struct Mixed(SearchHit Hit, double Score);
}
