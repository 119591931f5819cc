using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// Maximal marginal relevance: J. Carbonell and J. Goldstein, "The use of MMR, diversity-based reranking for reordering
/// documents and producing summaries", SIGIR 1998.
/// </summary>
internal static class HitDiversity
{
    private const float DefaultLambda = 0.5f;

    /// <summary>
    /// The best <paramref name="count"/> of <paramref name="hits"/>, which carry their vectors, in the order in which
    /// they are chosen. Of equal ones the earlier is chosen. The work is their number × count × dimension.
    /// </summary>
    public static List<SearchHit> Choose(List<SearchHit> hits, Diversity diversity, string space, int count)
    {
        var lambda = diversity.HasLambda ? diversity.Lambda : DefaultLambda;
        var vectors = hits.ConvertAll(hit => Unit(HitVectors.Of(hit.Vectors, space)));
        var relevance = Scaled(hits);
        // The highest likeness of each with those chosen so far; a hit's own place is taken by NaN once it is chosen.
        var likeness = new float[hits.Count];
        Array.Fill(likeness, float.NegativeInfinity);
        var chosen = new List<SearchHit>(Math.Min(count, hits.Count));
        while (chosen.Count < count && chosen.Count < hits.Count)
        {
            var best = -1;
            var bestGain = double.NegativeInfinity;
            for (var i = 0; i < hits.Count; i++)
            {
                var alike = float.IsNegativeInfinity(likeness[i]) ? 0 : likeness[i];
                var gain = lambda * relevance[i] - (1.0 - lambda) * alike;
                if (gain > bestGain)
                    (best, bestGain) = (i, gain);
            }

            chosen.Add(hits[best]);
            likeness[best] = float.NaN;
            for (var i = 0; i < hits.Count; i++)
            {
                if (!float.IsNaN(likeness[i]))
                    likeness[i] = Math.Max(likeness[i], Likeness(vectors[best], vectors[i]));
            }
        }

        return chosen;
    }

    private static float Likeness(float[] left, float[] right) =>
        left.Length == 0 || left.Length != right.Length ? 0 : HitVectors.Dot(left, right);

    private static float[] Unit(float[] vector)
    {
        HitVectors.Normalize(vector);
        return vector;
    }

    private static double[] Scaled(List<SearchHit> hits)
    {
        if (hits.Count == 0)
            return [];
        var (low, high) = (hits.Min(static hit => hit.Score), hits.Max(static hit => hit.Score));
        return [.. hits.Select(hit => high > low ? ((double)hit.Score - low) / ((double)high - low) : 1)];
    }
}
