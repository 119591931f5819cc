namespace Rag.Engine.Tests.Store;

/// <summary>Sparse vectors whose products are exact in every precision, and what a search by one must find.</summary>
internal static class SparseModel
{
    private const int Terms = 24;

    /// <summary>1 to 6 entries, in any order; indices from all of the 32 bits.</summary>
    public static SparseVector RandomVector(Random random)
    {
        var indices = Enumerable.Range(0, random.Next(1, 7)).Select(_ => IndexOf(random.Next(Terms))).Distinct().ToArray();
        return new SparseVector(indices, indices.Select(_ => random.Next(1, 17) / 4f).ToArray());
    }

    /// <summary>A number of a term, spread over all that there are.</summary>
    public static uint IndexOf(int term) => (uint)(term * (long)uint.MaxValue / (Terms - 1));

    /// <summary>All that share an index with the query, best first, equal scores by key.</summary>
    public static IEnumerable<(ChunkKey Key, float Score)> Best(
        IEnumerable<(ChunkKey Key, SparseVector Vector)> chunks, SparseVector query) =>
        chunks.Select(chunk => (chunk.Key, Score: (float)Dot(chunk.Vector, query))).Where(chunk => chunk.Score > 0)
            .OrderByDescending(chunk => chunk.Score).ThenBy(chunk => chunk.Key);

    /// <summary>The inner product, by plain sums.</summary>
    public static double Dot(SparseVector left, SparseVector right)
    {
        var sum = 0.0;
        for (var i = 0; i < left.Count; i++)
        {
            var at = right.Indices.Span.IndexOf(left.Indices.Span[i]);
            sum += at < 0 ? 0 : (double)left.Weights.Span[i] * right.Weights.Span[at];
        }

        return sum;
    }

    /// <summary>The same entries, whatever their order was when they were written.</summary>
    public static void ShouldBeSame(SparseVector actual, SparseVector expected)
    {
        var ordered = expected.InOrder();
        actual.Indices.ToArray().ShouldBe(ordered.Indices.ToArray());
        actual.Weights.ToArray().ShouldBe(ordered.Weights.ToArray());
    }
}
