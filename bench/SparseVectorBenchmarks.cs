using Rag.Engine.Sparse;

namespace Rag.Benchmarks;

/// <summary>
/// Inner products of sparse vectors as learned encoders make them: 120 terms a passage and 30 a query of a vocabulary of
/// 30,000, terms drawn by Zipf's law, weights of 0 to 3, most of them small.
/// </summary>
public class SparseVectorBenchmarks : SparseIndexBenchmarks
{
    private const int Vocabulary = 30_000;

    private protected override void Fill(SparseDocument document, Random random)
    {
        foreach (var (term, weight) in Vector(random, 120))
            document.AddWeight(term, weight);
    }

    private protected override SparseQuery Query(Random random) => SparseQuery.FromVector([.. Vector(random, 30)]);

    private static Dictionary<uint, float> Vector(Random random, int terms)
    {
        var vector = new Dictionary<uint, float>(terms);
        while (vector.Count < terms)
            vector.TryAdd((uint)Math.Pow(Vocabulary, random.NextDouble()), 3 * (float)Math.Pow(random.NextDouble(), 3) + 1e-3f);
        return vector;
    }
}
