using Rag.Engine.Indexing;
using Rag.Engine.Kernels;

namespace Rag.Engine.Exact;

/// <summary>Scores in full precision: what callers see. Immutable; lives on the stack of one search.</summary>
internal readonly ref struct ExactScorer(Metric metric, ReadOnlySpan<float> query)
{
    private readonly ReadOnlySpan<float> _query = query;
    private readonly float _queryNorm = metric == Metric.Cosine ? Similarity.Norm(query) : 1;

    public float Score(ReadOnlySpan<float> vector) => metric switch
    {
        Metric.InnerProduct => Similarity.Dot(_query, vector),
        Metric.L2 => -Similarity.SquaredL2(_query, vector),
        _ => Similarity.Cosine(Similarity.Dot(_query, vector), _queryNorm, Similarity.Norm(vector)),
    };
}
