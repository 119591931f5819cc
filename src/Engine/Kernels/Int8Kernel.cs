using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rag.Engine.Kernels;

/// <summary>
/// The loop under every int8 reduction. The left side is either int8 too (row against row) or already widened to int16
/// (a query, prepared once, with more precision than the rows). Sums are exact int32: with |x| ≤ 127 and a query of at
/// most 15 bits whose norm is bounded they cannot overflow for 4,096 dimensions (see Int8Codec). The widest form that
/// the processor has is chosen here and nowhere else.
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
            return Reduce<TOperator, NarrowLanes, sbyte>(px, py, x.Length);
    }

    /// <summary>Row against row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Dot(sbyte* x, sbyte* y, int length) => Reduce<IntegerDot, NarrowLanes, sbyte>(x, y, length);

    /// <summary>Widened query against row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Dot(short* query, sbyte* row, int length) => Reduce<IntegerDot, WideLanes, short>(query, row, length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Reduce<TOperator, TLanes, T>(T* x, sbyte* y, int length)
        where TOperator : struct, IIntegerOperator
        where TLanes : struct, ILanes<T>
        where T : unmanaged
    {
        if (Avx512BW.IsSupported)
            return Reduce512<TOperator, TLanes, T>(x, y, length);
        if (Avx2.IsSupported)
            return Reduce256<TOperator, TLanes, T>(x, y, length);
        if (Vector128.IsHardwareAccelerated)
            return Reduce128<TOperator, TLanes, T>(x, y, length);
        return ReduceScalar<TOperator, TLanes, T>(x, y, 0, length, 0);
    }

    internal static int Reduce512<TOperator, TLanes, T>(T* x, sbyte* y, int length)
        where TOperator : struct, IIntegerOperator
        where TLanes : struct, ILanes<T>
        where T : unmanaged
    {
        const int width = 32;
        Vector512<int> a = default, b = default;
        var i = 0;
        for (; i <= length - 2 * width; i += 2 * width)
        {
            a = TOperator.Add(a, TLanes.Load512(x + i), NarrowLanes.Load512(y + i));
            b = TOperator.Add(b, TLanes.Load512(x + i + width), NarrowLanes.Load512(y + i + width));
        }

        for (; i <= length - width; i += width)
            a = TOperator.Add(a, TLanes.Load512(x + i), NarrowLanes.Load512(y + i));
        return ReduceScalar<TOperator, TLanes, T>(x, y, i, length, Vector512.Sum(a + b));
    }

    internal static int Reduce256<TOperator, TLanes, T>(T* x, sbyte* y, int length)
        where TOperator : struct, IIntegerOperator
        where TLanes : struct, ILanes<T>
        where T : unmanaged
    {
        const int width = 16;
        Vector256<int> a = default, b = default;
        var i = 0;
        for (; i <= length - 2 * width; i += 2 * width)
        {
            a = TOperator.Add(a, TLanes.Load256(x + i), NarrowLanes.Load256(y + i));
            b = TOperator.Add(b, TLanes.Load256(x + i + width), NarrowLanes.Load256(y + i + width));
        }

        for (; i <= length - width; i += width)
            a = TOperator.Add(a, TLanes.Load256(x + i), NarrowLanes.Load256(y + i));
        return ReduceScalar<TOperator, TLanes, T>(x, y, i, length, Vector256.Sum(a + b));
    }

    internal static int Reduce128<TOperator, TLanes, T>(T* x, sbyte* y, int length)
        where TOperator : struct, IIntegerOperator
        where TLanes : struct, ILanes<T>
        where T : unmanaged
    {
        const int width = 8;
        Vector128<int> a = default, b = default;
        var i = 0;
        for (; i <= length - 2 * width; i += 2 * width)
        {
            a = TOperator.Add(a, TLanes.Load128(x + i), NarrowLanes.Load128(y + i));
            b = TOperator.Add(b, TLanes.Load128(x + i + width), NarrowLanes.Load128(y + i + width));
        }

        for (; i <= length - width; i += width)
            a = TOperator.Add(a, TLanes.Load128(x + i), NarrowLanes.Load128(y + i));
        return ReduceScalar<TOperator, TLanes, T>(x, y, i, length, Vector128.Sum(a + b));
    }

    /// <summary>The reference: components <paramref name="from"/>… one by one, on top of <paramref name="sum"/>.</summary>
    internal static int ReduceScalar<TOperator, TLanes, T>(T* x, sbyte* y, int from, int length, int sum)
        where TOperator : struct, IIntegerOperator
        where TLanes : struct, ILanes<T>
        where T : unmanaged
    {
        for (var i = from; i < length; i++)
            sum = TOperator.Add(sum, TLanes.Load(x + i), y[i]);
        return sum;
    }
}
