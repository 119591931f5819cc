using System.Numerics.Tensors;
using Rag.Engine.Indexing;

namespace Rag.Cli.Bench;

/// <summary>Scores and true neighbours computed without the engine, for benches that check it.</summary>
internal static class ExactTruth
{
    /// <summary>Higher is better: cosine, inner product, or minus the squared distance.</summary>
    public static float Score(Metric metric, ReadOnlySpan<float> query, ReadOnlySpan<float> vector)
    {
        switch (metric)
        {
            case Metric.InnerProduct:
                return TensorPrimitives.Dot(query, vector);
            case Metric.L2:
                var distance = TensorPrimitives.Distance(query, vector);
                return -distance * distance;
            default:
                var norms = TensorPrimitives.Norm(query) * TensorPrimitives.Norm(vector);
                return norms > 0 ? TensorPrimitives.Dot(query, vector) / norms : 0;
        }
    }

    /// <summary>The ids nearest to a query, of <paramref name="count"/> from <paramref name="first"/> on.</summary>
    public static int[] Nearest(Metric metric, ReadOnlySpan<float> query, Func<int, ReadOnlySpan<float>> vectorOf,
        int first, int count, int k)
    {
        var best = new PriorityQueue<int, float>();
        for (var id = first; id < first + count; id++)
        {
            var score = Score(metric, query, vectorOf(id));
            if (best.Count < k)
                best.Enqueue(id, score);
            else
                best.EnqueueDequeue(id, score);
        }

        return [.. best.UnorderedItems.Select(item => item.Element)];
    }
}
