using Rag.Engine.Indexing;

namespace Rag.Recall.Tests;

/// <summary>Seeded data of two kinds, queries of the same kind, and exact neighbours by a plain loop in double.</summary>
internal sealed class RecallData
{
    private RecallData(float[][] vectors, float[][] queries) => (Vectors, Queries) = (vectors, queries);

    public float[][] Vectors { get; }

    public float[][] Queries { get; }

    /// <summary>Independent components: as hard as its dimension.</summary>
    public static RecallData Gaussian(int count, int queries, int dimension, int seed)
    {
        var random = new Random(seed);
        var all = Enumerable.Range(0, count + queries).Select(_ => Normal(random, dimension)).ToArray();
        return new RecallData(all[queries..], all[..queries]);
    }

    /// <summary>Clusters in a few latent dimensions, of lengths around 1, as text embeddings lie.</summary>
    public static RecallData Clustered(int count, int queries, int dimension, int seed)
    {
        const int latent = 12;
        var random = new Random(seed);
        var centres = Enumerable.Range(0, 30).Select(_ => Normal(random, latent)).ToArray();
        var axes = Enumerable.Range(0, latent).Select(_ => Normal(random, dimension)).ToArray();
        var all = Enumerable.Range(0, count + queries).Select(_ =>
        {
            var (centre, noise) = (centres[random.Next(centres.Length)], Normal(random, latent));
            var vector = Normal(random, dimension);
            for (var i = 0; i < dimension; i++)
            {
                vector[i] *= 0.05f;
                for (var j = 0; j < latent; j++)
                    vector[i] += (centre[j] + 0.6f * noise[j]) * axes[j][i] / MathF.Sqrt(latent);
            }

            return vector;
        }).ToArray();
        return new RecallData(all[queries..], all[..queries]);
    }

    /// <summary>The same vectors with other queries.</summary>
    public RecallData With(float[][] queries) => new(Vectors, queries);

    /// <summary>The true neighbours of every query among the rows that are accepted.</summary>
    public int[][] Truth(Metric metric, int k, Func<int, bool>? accepts = null) => Array.ConvertAll(Queries, query =>
    {
        var scores = Array.ConvertAll(Vectors, vector => -Score(metric, query, vector));
        var rows = Enumerable.Range(0, Vectors.Length).ToArray();
        Array.Sort(scores, rows);
        return rows.Where(row => accepts is null || accepts(row)).Take(k).ToArray();
    });

    private static double Score(Metric metric, float[] x, float[] y)
    {
        var (dot, xx, yy) = (0d, 0d, 0d);
        for (var i = 0; i < x.Length; i++)
        {
            dot += (double)x[i] * y[i];
            xx += (double)x[i] * x[i];
            yy += (double)y[i] * y[i];
        }

        return metric switch
        {
            Metric.InnerProduct => dot,
            Metric.L2 => -(xx + yy - 2 * dot),
            _ => dot / Math.Sqrt(xx * yy),
        };
    }

    private static float[] Normal(Random random, int dimension)
    {
        var vector = new float[dimension];
        for (var i = 0; i < dimension; i++)
        {
            var radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            vector[i] = (float)(radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return vector;
    }
}
