using Rag.Engine.Indexing;

namespace Rag.Engine.Tests.Indexing;

/// <summary>Seeded vectors and the answer that a search over them should give.</summary>
internal static class TestVectors
{
    /// <summary>Vectors around a few centres, of lengths 0.5…2.</summary>
    public static float[][] Clustered(int count, int dimension, int seed)
    {
        var random = new Random(seed);
        var centres = Enumerable.Range(0, 20).Select(_ => Gaussian(random, dimension, 1)).ToArray();
        return Enumerable.Range(0, count).Select(_ =>
        {
            var centre = centres[random.Next(centres.Length)];
            var noise = Gaussian(random, dimension, 0.5);
            var length = (float)(0.5 + 1.5 * random.NextDouble());
            for (var i = 0; i < dimension; i++)
                noise[i] = (noise[i] + centre[i]) * length;
            return noise;
        }).ToArray();
    }

    public static float Score(Metric metric, float[] x, float[] y)
    {
        var (dot, xx, yy) = (0d, 0d, 0d);
        for (var i = 0; i < x.Length; i++)
        {
            dot += (double)x[i] * y[i];
            xx += (double)x[i] * x[i];
            yy += (double)y[i] * y[i];
        }

        return (float)(metric switch
        {
            Metric.InnerProduct => dot,
            Metric.L2 => -(xx + yy - 2 * dot),
            _ => xx * yy > 0 ? dot / Math.Sqrt(xx * yy) : 0,
        });
    }

    public static int[] Nearest(Metric metric, float[][] vectors, float[] query, int k, Func<int, bool>? accepts = null) =>
        Enumerable.Range(0, vectors.Length)
            .Where(row => accepts is null || accepts(row))
            .OrderByDescending(row => Score(metric, vectors[row], query))
            .Take(k)
            .ToArray();

    private static float[] Gaussian(Random random, int dimension, double deviation)
    {
        var vector = new float[dimension];
        for (var i = 0; i < dimension; i++)
            vector[i] = (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return vector;
    }
}
