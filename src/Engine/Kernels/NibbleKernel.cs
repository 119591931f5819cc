using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Rag.Engine.Kernels;

/// <summary>
/// Dot products of int8 queries with planes of 4-bit values, two a byte: byte j of a plane of P bytes holds value j in
/// its low half and value P + j in its high half, so that no lane has to be moved.
/// <code>
/// Σ (plane[j] &amp; 15) · query[j]  +  (plane[j] &gt;&gt; 4) · query[P + j]
/// </code>
/// P is a multiple of 32. Products are at most 15 · 127; pairs of them are added up in int16 for four steps, which
/// cannot overflow (4 · 4 · 1,905 = 30,480), and then in int32. The widest form that the processor has is chosen here.
/// </summary>
internal static unsafe class NibbleKernel
{
    private const int StepsInInt16 = 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Dot(byte* plane, sbyte* query, int planeBytes)
    {
        if (Avx512BW.IsSupported)
            return Dot512(plane, query, planeBytes);
        if (Avx2.IsSupported)
            return Dot256(plane, query, planeBytes);
        if (Vector128.IsHardwareAccelerated)
            return Dot128(plane, query, planeBytes);
        return DotScalar(plane, query, planeBytes);
    }

    /// <summary>Dot products of one query with four planes: what they share is loaded once, and summed up together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> FourDots(byte* p0, byte* p1, byte* p2, byte* p3, sbyte* query, int planeBytes)
    {
        if (Avx512BW.IsSupported && planeBytes % 64 == 0)
            return FourDots512(p0, p1, p2, p3, query, planeBytes);
        return Vector128.Create(
            Dot(p0, query, planeBytes), Dot(p1, query, planeBytes),
            Dot(p2, query, planeBytes), Dot(p3, query, planeBytes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<int> FourDots512(
        byte* p0, byte* p1, byte* p2, byte* p3, sbyte* query, int planeBytes)
    {
        const int width = 64;
        Vector512<int> t0 = default, t1 = default, t2 = default, t3 = default;
        for (var start = 0; start < planeBytes; start += StepsInInt16 * width)
        {
            Vector512<short> s0 = default, s1 = default, s2 = default, s3 = default;
            var end = Math.Min(planeBytes, start + StepsInInt16 * width);
            for (var j = start; j < end; j += width)
            {
                var (low, high) = (Vector512.Load(query + j), Vector512.Load(query + planeBytes + j));
                s0 += Step512(p0 + j, low, high);
                s1 += Step512(p1 + j, low, high);
                s2 += Step512(p2 + j, low, high);
                s3 += Step512(p3 + j, low, high);
            }

            t0 += Avx512BW.MultiplyAddAdjacent(s0, Vector512<short>.One);
            t1 += Avx512BW.MultiplyAddAdjacent(s1, Vector512<short>.One);
            t2 += Avx512BW.MultiplyAddAdjacent(s2, Vector512<short>.One);
            t3 += Avx512BW.MultiplyAddAdjacent(s3, Vector512<short>.One);
        }

        return Sums(t0, t1, t2, t3);
    }

    /// <summary>The four sums, by transposing while adding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Sums(Vector512<int> t0, Vector512<int> t1, Vector512<int> t2, Vector512<int> t3)
    {
        var t01 = (Avx512F.UnpackLow(t0, t1) + Avx512F.UnpackHigh(t0, t1)).AsInt64();
        var t23 = (Avx512F.UnpackLow(t2, t3) + Avx512F.UnpackHigh(t2, t3)).AsInt64();
        var lanes = Avx512F.UnpackLow(t01, t23).AsInt32() + Avx512F.UnpackHigh(t01, t23).AsInt32();
        var halves = lanes.GetLower() + lanes.GetUpper();
        return halves.GetLower() + halves.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Step512(byte* plane, Vector512<sbyte> low, Vector512<sbyte> high)
    {
        var mask = Vector512.Create((byte)15);
        var bytes = Vector512.Load(plane);
        return Avx512BW.MultiplyAddAdjacent(bytes & mask, low)
            + Avx512BW.MultiplyAddAdjacent((bytes.AsUInt16() >>> 4).AsByte() & mask, high);
    }

    internal static int Dot512(byte* plane, sbyte* query, int planeBytes)
    {
        const int width = 64;
        var mask = Vector512.Create((byte)15);
        Vector512<int> total = default;
        var j = 0;
        while (j <= planeBytes - width)
        {
            Vector512<short> sum = default;
            var end = Math.Min(planeBytes - width, j + (StepsInInt16 - 1) * width);
            for (; j <= end; j += width)
            {
                var bytes = Vector512.Load(plane + j);
                var high = (bytes.AsUInt16() >>> 4).AsByte() & mask;
                sum += Avx512BW.MultiplyAddAdjacent(bytes & mask, Vector512.Load(query + j));
                sum += Avx512BW.MultiplyAddAdjacent(high, Vector512.Load(query + planeBytes + j));
            }

            total += Avx512BW.MultiplyAddAdjacent(sum, Vector512<short>.One);
        }

        var rest = total.GetLower() + total.GetUpper();
        if (j < planeBytes)
            rest += Step256(plane + j, query + j, planeBytes);
        return Vector256.Sum(rest);
    }

    internal static int Dot256(byte* plane, sbyte* query, int planeBytes)
    {
        Vector256<int> total = default;
        for (var j = 0; j < planeBytes; j += 32)
            total += Step256(plane + j, query + j, planeBytes);
        return Vector256.Sum(total);
    }

    internal static int Dot128(byte* plane, sbyte* query, int planeBytes)
    {
        var mask = Vector128.Create((byte)15);
        Vector128<int> total = default;
        for (var j = 0; j < planeBytes; j += 16)
        {
            var bytes = Vector128.Load(plane + j);
            var high = (bytes.AsUInt16() >>> 4).AsByte() & mask;
            var sum = Multiply(bytes & mask, Vector128.Load(query + j))
                + Multiply(high, Vector128.Load(query + planeBytes + j));
            var (low, upper) = Vector128.Widen(sum);
            total += low + upper;
        }

        return Vector128.Sum(total);
    }

    /// <summary>The reference.</summary>
    internal static int DotScalar(byte* plane, sbyte* query, int planeBytes)
    {
        var sum = 0;
        for (var j = 0; j < planeBytes; j++)
            sum += (plane[j] & 15) * query[j] + (plane[j] >> 4) * query[planeBytes + j];
        return sum;
    }

    /// <summary>Sums of products of neighbouring bytes, or of bytes eight apart: the total is the same.</summary>
    internal static Vector128<short> MultiplyPortable(Vector128<byte> x, Vector128<sbyte> y)
    {
        var (xLow, xHigh) = Vector128.Widen(x.AsSByte());
        var (yLow, yHigh) = Vector128.Widen(y);
        return xLow * yLow + xHigh * yHigh;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Multiply(Vector128<byte> x, Vector128<sbyte> y)
    {
        if (Ssse3.IsSupported)
            return Ssse3.MultiplyAddAdjacent(x, y);
        if (AdvSimd.IsSupported)
        {
            var low = AdvSimd.MultiplyWideningLower(x.AsSByte().GetLower(), y.GetLower());
            return AdvSimd.MultiplyWideningLowerAndAdd(low, x.AsSByte().GetUpper(), y.GetUpper());
        }

        return MultiplyPortable(x, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Step256(byte* plane, sbyte* query, int planeBytes)
    {
        var mask = Vector256.Create((byte)15);
        var bytes = Vector256.Load(plane);
        var high = (bytes.AsUInt16() >>> 4).AsByte() & mask;
        var sum = Avx2.MultiplyAddAdjacent(bytes & mask, Vector256.Load(query))
            + Avx2.MultiplyAddAdjacent(high, Vector256.Load(query + planeBytes));
        return Avx2.MultiplyAddAdjacent(sum, Vector256<short>.One);
    }
}
