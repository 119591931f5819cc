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

    /// <summary>
    /// Dot products of one query with four planes: what they share is loaded once, and summed up together. Registers of
    /// 512 bits make it no faster than 256: memory is what it waits for.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> FourDots(byte* p0, byte* p1, byte* p2, byte* p3, sbyte* query, int planeBytes)
    {
        if (AvxVnni.IsSupported)
            return FourDotsVnni(p0, p1, p2, p3, query, planeBytes);
        if (Avx2.IsSupported)
            return FourDots256(p0, p1, p2, p3, query, planeBytes);
        return Vector128.Create(
            Dot(p0, query, planeBytes), Dot(p1, query, planeBytes),
            Dot(p2, query, planeBytes), Dot(p3, query, planeBytes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<int> FourDots256(
        byte* p0, byte* p1, byte* p2, byte* p3, sbyte* query, int planeBytes)
    {
        const int width = 32;
        Vector256<int> t0 = default, t1 = default, t2 = default, t3 = default;
        for (var j = 0; j < planeBytes; j += width)
        {
            t0 += Step256(p0 + j, query + j, planeBytes);
            t1 += Step256(p1 + j, query + j, planeBytes);
            t2 += Step256(p2 + j, query + j, planeBytes);
            t3 += Step256(p3 + j, query + j, planeBytes);
        }

        return Lanes.SumsOfFour(t0, t1, t2, t3);
    }

    /// <summary>The same with products added up in int32 at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<int> FourDotsVnni(
        byte* p0, byte* p1, byte* p2, byte* p3, sbyte* query, int planeBytes)
    {
        const int width = 32;
        Vector256<int> t0 = default, t1 = default, t2 = default, t3 = default;
        for (var j = 0; j < planeBytes; j += width)
        {
            var (low, high) = (Vector256.Load(query + j), Vector256.Load(query + planeBytes + j));
            t0 = StepVnni(t0, p0 + j, low, high);
            t1 = StepVnni(t1, p1 + j, low, high);
            t2 = StepVnni(t2, p2 + j, low, high);
            t3 = StepVnni(t3, p3 + j, low, high);
        }

        return Lanes.SumsOfFour(t0, t1, t2, t3);
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
    private static Vector256<int> StepVnni(Vector256<int> sum, byte* plane, Vector256<sbyte> low, Vector256<sbyte> high)
    {
        var mask = Vector256.Create((byte)15);
        var bytes = Vector256.Load(plane);
        sum = AvxVnni.MultiplyWideningAndAdd(sum, bytes & mask, low);
        return AvxVnni.MultiplyWideningAndAdd(sum, (bytes.AsUInt16() >>> 4).AsByte() & mask, high);
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
