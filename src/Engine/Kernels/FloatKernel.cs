using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rag.Engine.Kernels;

/// <summary>
/// The loop under every float32 reduction: four accumulators hide the latency of the multiply-add, then whole vectors,
/// then the tail one by one. The widest form that the processor has is chosen here and nowhere else.
/// </summary>
internal static unsafe class FloatKernel
{
    /// <summary>Reduces two vectors of one length.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static float Reduce<TOperator>(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
        where TOperator : struct, IFloatOperator
    {
        if (x.Length != y.Length)
            throw new ArgumentException($"Vectors of {x.Length} and {y.Length} components cannot be compared.");
        fixed (float* px = &MemoryMarshal.GetReference(x), py = &MemoryMarshal.GetReference(y))
            return Reduce<TOperator>(px, py, x.Length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Reduce<TOperator>(float* x, float* y, int length)
        where TOperator : struct, IFloatOperator
    {
        if (Vector512.IsHardwareAccelerated && length >= Vector512<float>.Count)
            return Reduce512<TOperator>(x, y, length);
        if (Vector256.IsHardwareAccelerated && length >= Vector256<float>.Count)
            return Reduce256<TOperator>(x, y, length);
        if (Vector128.IsHardwareAccelerated && length >= Vector128<float>.Count)
            return Reduce128<TOperator>(x, y, length);
        return ReduceScalar<TOperator>(x, y, 0, length, 0);
    }

    internal static float Reduce512<TOperator>(float* x, float* y, int length)
        where TOperator : struct, IFloatOperator
    {
        const int width = 16;
        Vector512<float> a = default, b = default, c = default, d = default;
        var i = 0;
        for (; i <= length - 4 * width; i += 4 * width)
        {
            a = TOperator.Add(a, Vector512.Load(x + i), Vector512.Load(y + i));
            b = TOperator.Add(b, Vector512.Load(x + i + width), Vector512.Load(y + i + width));
            c = TOperator.Add(c, Vector512.Load(x + i + 2 * width), Vector512.Load(y + i + 2 * width));
            d = TOperator.Add(d, Vector512.Load(x + i + 3 * width), Vector512.Load(y + i + 3 * width));
        }

        for (; i <= length - width; i += width)
            a = TOperator.Add(a, Vector512.Load(x + i), Vector512.Load(y + i));
        return ReduceScalar<TOperator>(x, y, i, length, Vector512.Sum(a + b + (c + d)));
    }

    internal static float Reduce256<TOperator>(float* x, float* y, int length)
        where TOperator : struct, IFloatOperator
    {
        const int width = 8;
        Vector256<float> a = default, b = default, c = default, d = default;
        var i = 0;
        for (; i <= length - 4 * width; i += 4 * width)
        {
            a = TOperator.Add(a, Vector256.Load(x + i), Vector256.Load(y + i));
            b = TOperator.Add(b, Vector256.Load(x + i + width), Vector256.Load(y + i + width));
            c = TOperator.Add(c, Vector256.Load(x + i + 2 * width), Vector256.Load(y + i + 2 * width));
            d = TOperator.Add(d, Vector256.Load(x + i + 3 * width), Vector256.Load(y + i + 3 * width));
        }

        for (; i <= length - width; i += width)
            a = TOperator.Add(a, Vector256.Load(x + i), Vector256.Load(y + i));
        return ReduceScalar<TOperator>(x, y, i, length, Vector256.Sum(a + b + (c + d)));
    }

    internal static float Reduce128<TOperator>(float* x, float* y, int length)
        where TOperator : struct, IFloatOperator
    {
        const int width = 4;
        Vector128<float> a = default, b = default, c = default, d = default;
        var i = 0;
        for (; i <= length - 4 * width; i += 4 * width)
        {
            a = TOperator.Add(a, Vector128.Load(x + i), Vector128.Load(y + i));
            b = TOperator.Add(b, Vector128.Load(x + i + width), Vector128.Load(y + i + width));
            c = TOperator.Add(c, Vector128.Load(x + i + 2 * width), Vector128.Load(y + i + 2 * width));
            d = TOperator.Add(d, Vector128.Load(x + i + 3 * width), Vector128.Load(y + i + 3 * width));
        }

        for (; i <= length - width; i += width)
            a = TOperator.Add(a, Vector128.Load(x + i), Vector128.Load(y + i));
        return ReduceScalar<TOperator>(x, y, i, length, Vector128.Sum(a + b + (c + d)));
    }

    /// <summary>The reference: components <paramref name="from"/>… one by one, on top of <paramref name="sum"/>.</summary>
    internal static float ReduceScalar<TOperator>(float* x, float* y, int from, int length, float sum)
        where TOperator : struct, IFloatOperator
    {
        for (var i = from; i < length; i++)
            sum = TOperator.Add(sum, x[i], y[i]);
        return sum;
    }
}
