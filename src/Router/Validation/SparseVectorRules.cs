using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>Sparse vectors of chunks and of queries. A fault is a sentence, null is none.</summary>
internal static class SparseVectorRules
{
    private const float MaxWeight = 65_504;

    public static string? Fault(SparseVector vector)
    {
        var (indices, weights) = (vector.Indices, vector.Weights);
        if (indices.Count != weights.Count)
            return $"The sparse vector has {indices.Count} indices and {weights.Count} weights: send one weight for each index.";
        if (indices.Count is 0 or > Limits.SparseEntries)
        {
            return $"The sparse vector has {indices.Count} entries: send 1 to {Limits.SparseEntries}, those that weigh most, "
                + "or leave it out.";
        }

        foreach (var weight in weights)
        {
            if (!(weight > 0) || weight > MaxWeight)
                return $"The sparse vector holds the weight {weight}: weights are above 0 and at most {MaxWeight}.";
        }

        var sorted = indices.ToArray();
        Array.Sort(sorted);
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1])
                return $"The sparse vector has index {sorted[i]} twice: send each once.";
        }

        return null;
    }
}
