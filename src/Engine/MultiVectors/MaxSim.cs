using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Rag.Engine.Kernels;

namespace Rag.Engine.MultiVectors;

/// <summary>
/// Late interaction: sum over the vectors of a query of the highest inner product with a vector of a passage. The sums of
/// codes are exact int32 (1,024 dimensions × 127² stay far below 2³¹), so every processor gives the same score. Vectors of
/// the query are taken four at a time, which <c>MaxSimBenchmarks</c> justifies.
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
            var i = 0;
            for (; i <= query.Count - QuadKernel.Vectors; i += QuadKernel.Vectors)
            {
                var best = BestOfFour(queries + (long)i * dimension, passages, passage);
                for (var j = 0; j < QuadKernel.Vectors; j++)
                    sum += best[j] * query.ScaleOf(i + j);
            }

            for (; i < query.Count; i++)
                sum += BestOf(queries + (long)i * dimension, passages, passage) * query.ScaleOf(i);
        }

        // Components may be as large as float32 goes; an order of hits needs a number.
        return (float)Math.Clamp(sum, float.MinValue, float.MaxValue);
    }

    private static Vector256<double> BestOfFour(sbyte* quad, sbyte* passages, EncodedMultiVector passage)
    {
        var dimension = passage.Dimension;
        var bias = QuadKernel.Bias(quad, dimension);
        var best = Vector256.Create(double.NegativeInfinity);
        for (var j = 0; j < passage.Count; j++)
        {
            var dots = QuadKernel.Dots(quad, passages + (long)j * dimension, dimension, bias);
            best = Vector256.Max(best, ToDouble(dots) * Vector256.Create((double)passage.ScaleOf(j)));
        }

        return best;
    }

    private static double BestOf(sbyte* vector, sbyte* passages, EncodedMultiVector passage)
    {
        var dimension = passage.Dimension;
        var best = double.NegativeInfinity;
        for (var j = 0; j < passage.Count; j++)
        {
            var dot = Int8Kernel.Reduce<IntegerDot>(vector, passages + (long)j * dimension, dimension);
            best = Math.Max(best, dot * (double)passage.ScaleOf(j));
        }

        return best;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> ToDouble(Vector128<int> values) => Avx.IsSupported
        ? Avx.ConvertToVector256Double(values)
        : Vector256.Create((double)values[0], values[1], values[2], values[3]);

    private static void ThrowDiffer(int query, int passage) =>
        throw new ArgumentException($"Vectors of {query} and {passage} components cannot be compared.");
}
