using System.Runtime.CompilerServices;
using Rag.Engine.Indexing;

namespace Rag.Engine.Quantization;

/// <summary>What scorers of coded rows share: distances as <see cref="OrderedKey"/>s, and when an edge is not needed.</summary>
internal static class DistanceKey
{
    /// <summary>Edges survive unless a kept neighbour is this much nearer, in squared distance (α of Vamana).</summary>
    public const float Slack = 1.1f;

    /// <summary>The key of a pair by its cosine and lengths, for metrics to which lengths matter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint From(Metric metric, float cosine, float norm, float queryNorm)
    {
        var product = cosine * norm * queryNorm;
        return OrderedKey.From(metric == Metric.L2 ? norm * norm + queryNorm * queryNorm - 2 * product : -product);
    }

    /// <summary><see cref="IScorer.Occludes"/> for keys of squared distances, or of negative cosines or products.</summary>
    public static bool Occludes(Metric metric, uint between, uint toNode)
    {
        var (near, far) = (OrderedKey.ToFloat(between), OrderedKey.ToFloat(toNode));
        return metric switch
        {
            Metric.L2 => Slack * near < far,
            Metric.Cosine => Slack * (2 + 2 * near) < 2 + 2 * far,
            _ => near < far, // an inner product has no distance to give slack to
        };
    }
}
