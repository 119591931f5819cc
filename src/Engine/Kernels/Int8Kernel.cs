using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rag.Engine.Kernels;

/// <summary>
/// The loop under every int8 reduction: lanes are widened to int16 while they are read, sums are exact int32, which
/// 33,000 dimensions cannot overflow. The widest form that the processor has is chosen here and nowhere else.
/// </summary>
internal static unsafe class Int8Kernel
{
    /// <summary>Reduces two int8 vectors of one length.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static int Reduce<TOperator>(ReadOnlySpan<sbyte> x, ReadOnlySpan<sbyte> y)
        where TOperator : struct, IIntegerOperator
    {
        if (x.Length != y.Length)
            throw new ArgumentException($"Vectors of {x.Length} and {y.Length} components cannot be compared.");
        fixed (sbyte* px = &MemoryMarshal.GetReference(x), py = &MemoryMarshal.GetReference(y))
            return Reduce<TOperator>(px, py, x.Length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Reduce<TOperator>(sbyte* x, sbyte* y, int length)
        where TOperator : struct, IIntegerOperator
    {
        if (Avx512BW.IsSupported)
            return Reduce512<TOperator>(x, y, length);
        if (Avx2.IsSupported)
            return Reduce256<TOperator>(x, y, length);
        if (Vector128.IsHardwareAccelerated)
            return Reduce128<TOperator>(x, y, length);
        return ReduceScalar<TOperator>(x, y, 0, length, 0);
    }

    internal static int Reduce512<TOperator>(sbyte* x, sbyte* y, int length)
        where TOperator : struct, IIntegerOperator
    {
        const int width = 32;
        Vector512<int> a = default, b = default;
        var i = 0;
        for (; i <= length - 2 * width; i += 2 * width)
        {
            a = TOperator.Add(a, Lanes.Load512(x + i), Lanes.Load512(y + i));
            b = TOperator.Add(b, Lanes.Load512(x + i + width), Lanes.Load512(y + i + width));
        }

        for (; i <= length - width; i += width)
            a = TOperator.Add(a, Lanes.Load512(x + i), Lanes.Load512(y + i));
        return ReduceScalar<TOperator>(x, y, i, length, Vector512.Sum(a + b));
    }

    internal static int Reduce256<TOperator>(sbyte* x, sbyte* y, int length)
        where TOperator : struct, IIntegerOperator
    {
        const int width = 16;
        Vector256<int> a = default, b = default;
        var i = 0;
        for (; i <= length - 2 * width; i += 2 * width)
        {
            a = TOperator.Add(a, Lanes.Load256(x + i), Lanes.Load256(y + i));
            b = TOperator.Add(b, Lanes.Load256(x + i + width), Lanes.Load256(y + i + width));
        }

        for (; i <= length - width; i += width)
            a = TOperator.Add(a, Lanes.Load256(x + i), Lanes.Load256(y + i));
        return ReduceScalar<TOperator>(x, y, i, length, Vector256.Sum(a + b));
    }

    internal static int Reduce128<TOperator>(sbyte* x, sbyte* y, int length)
        where TOperator : struct, IIntegerOperator
    {
        const int width = 8;
        Vector128<int> a = default, b = default;
        var i = 0;
        for (; i <= length - 2 * width; i += 2 * width)
        {
            a = TOperator.Add(a, Lanes.Load128(x + i), Lanes.Load128(y + i));
            b = TOperator.Add(b, Lanes.Load128(x + i + width), Lanes.Load128(y + i + width));
        }

        for (; i <= length - width; i += width)
            a = TOperator.Add(a, Lanes.Load128(x + i), Lanes.Load128(y + i));
        return ReduceScalar<TOperator>(x, y, i, length, Vector128.Sum(a + b));
    }

    /// <summary>The reference: components <paramref name="from"/>… one by one, on top of <paramref name="sum"/>.</summary>
    internal static int ReduceScalar<TOperator>(sbyte* x, sbyte* y, int from, int length, int sum)
        where TOperator : struct, IIntegerOperator
    {
        for (var i = from; i < length; i++)
            sum = TOperator.Add(sum, x[i], y[i]);
        return sum;
    }
}
