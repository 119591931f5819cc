using Rag.Engine.Indexing;
using Rag.Engine.Rows;

namespace Rag.Benchmarks;

/// <summary>Seeded clustered vectors, as embeddings lie, and indexes over them.</summary>
internal static class BenchmarkVectors
{
    private const int Latent = 32;

    public static float[] Make(int count, int dimension, int seed)
    {
        var random = new Random(seed);
        var axes = Normal(new Random(7), Latent * dimension);
        var vectors = new float[count * dimension];
        for (var row = 0; row < count; row++)
        {
            var latent = Normal(random, Latent);
            for (var i = 0; i < dimension; i++)
            {
                for (var j = 0; j < Latent; j++)
                    vectors[row * dimension + i] += latent[j] * axes[j * dimension + i];
            }
        }

        return vectors;
    }

    public static VectorIndex Empty(int dimension, bool graph) => new(
        new VectorIndexOptions
        {
            Dimension = dimension,
            Metric = Metric.Cosine,
            ExactThreshold = graph ? 0 : int.MaxValue,
        },
        new VectorRows(dimension));

    public static VectorIndex Filled(int count, int dimension, bool graph)
    {
        var index = Empty(dimension, graph);
        index.AddRange(Enumerable.Range(0, count).ToArray(), Make(count, dimension, seed: 1), Environment.ProcessorCount);
        return index;
    }

    private static float[] Normal(Random random, int count) => Array.ConvertAll(new float[count], _ =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())));
}
