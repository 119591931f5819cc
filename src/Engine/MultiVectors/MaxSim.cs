using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Rag.Engine.Kernels;

namespace Rag.Engine.MultiVectors;

/// <summary>
/// Late interaction: sum over the vectors of a query of the highest inner product with a vector of a passage. The sums of
/// codes are exact int32 (1,024 dimensions × 127² stay far below 2³¹), so every processor gives the same score.
/// </summary>
internal static unsafe class MaxSim
{
    /// <summary>The score of a passage; both sides have the same dimension and at least one vector.</summary>
    [SkipLocalsInit]
    public static float Score(EncodedMultiVector query, EncodedMultiVector passage)
    {
        if (query.Dimension != passage.Dimension)
            ThrowDiffer(query.Dimension, passage.Dimension);
        var dimension = query.Dimension;
        var sum = 0d;
        fixed (sbyte* queries = &MemoryMarshal.GetReference(query.Codes))
        fixed (sbyte* passages = &MemoryMarshal.GetReference(passage.Codes))
        {
            for (var i = 0; i < query.Count; i++)
            {
                var best = double.NegativeInfinity;
                for (var j = 0; j < passage.Count; j++)
                {
                    var dot = Int8Kernel.Reduce<IntegerDot>(
                        queries + (long)i * dimension, passages + (long)j * dimension, dimension);
                    best = Math.Max(best, dot * (double)passage.ScaleOf(j));
                }

                sum += best * query.ScaleOf(i);
            }
        }

        // Components may be as large as float32 goes; an order of hits needs a number.
        return (float)Math.Clamp(sum, float.MinValue, float.MaxValue);
    }

    private static void ThrowDiffer(int query, int passage) =>
        throw new ArgumentException($"Vectors of {query} and {passage} components cannot be compared.");
}
