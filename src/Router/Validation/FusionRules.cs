using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>How the lists of a hybrid search are to be mixed.</summary>
internal static class FusionRules
{
    private const float MaxWeight = 1e6f;
    private const int MaxRankConstant = 1000;

    public static void Check(SearchRequest search, Violations violations)
    {
        var fusion = search.Fusion;
        if (fusion.Method is < FusionMethod.Unspecified or > FusionMethod.Distribution)
            violations.Add("fusion.method", $"{(int)fusion.Method} is no method that this server knows.");
        CheckWeight("fusion.dense_weight", fusion.HasDenseWeight, fusion.DenseWeight, violations);
        CheckWeight("fusion.sparse_weight", fusion.HasSparseWeight, fusion.SparseWeight, violations);
        CheckWeight("fusion.sparse_vector_weight", fusion.HasSparseVectorWeight, fusion.SparseVectorWeight, violations);
        if (fusion.HasSparseVectorWeight && search.SparseVector is null)
            violations.Add("fusion.sparse_vector_weight", "There is no sparse vector: give one, or leave the weight out.");
        if (fusion is { HasDenseWeight: true, DenseWeight: 0 }
            && (search.Text.Length == 0 || fusion is { HasSparseWeight: true, SparseWeight: 0 })
            && (search.SparseVector is null || fusion is { HasSparseVectorWeight: true, SparseVectorWeight: 0 }))
            violations.Add("fusion", "All weights are 0: give one of the lists a weight.");
        if (fusion.RankConstant is < 0 or > MaxRankConstant)
            violations.Add("fusion.rank_constant", $"{fusion.RankConstant} is not between 1 and {MaxRankConstant}.");
        else if (fusion.RankConstant > 0 && fusion.Method is not FusionMethod.ReciprocalRank)
            violations.Add("fusion.rank_constant", "Only FUSION_METHOD_RECIPROCAL_RANK has one: leave it out.");
        var wanted = (search.K == 0 ? Limits.DefaultK : search.K) + (long)search.Offset;
        if (fusion.Candidates != 0 && (fusion.Candidates < wanted || fusion.Candidates > Limits.K))
        {
            violations.Add("fusion.candidates",
                $"{fusion.Candidates} is not between k + offset, {wanted} here, and {Limits.K}.");
        }
    }

    private static void CheckWeight(string field, bool given, float weight, Violations violations)
    {
        if (given && !(weight is >= 0 and <= MaxWeight))
            violations.Add(field, $"{weight} is not between 0 and {MaxWeight}.");
    }
}
