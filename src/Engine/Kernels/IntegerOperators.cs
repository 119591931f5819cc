using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Rag.Engine.Kernels;

/// <summary>Σ x·y. The 512 and 256 bit forms need AVX-512BW and AVX2; 128 bits run everywhere.</summary>
internal readonly struct IntegerDot : IIntegerOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Add(Vector512<int> sum, Vector512<short> x, Vector512<short> y) =>
        sum + Avx512BW.MultiplyAddAdjacent(x, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sum, Vector256<short> x, Vector256<short> y) =>
        sum + Avx2.MultiplyAddAdjacent(x, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> sum, Vector128<short> x, Vector128<short> y)
    {
        if (Sse2.IsSupported)
            return sum + Sse2.MultiplyAddAdjacent(x, y);
        if (AdvSimd.IsSupported)
        {
            sum = AdvSimd.MultiplyWideningLowerAndAdd(sum, x.GetLower(), y.GetLower());
            return AdvSimd.MultiplyWideningLowerAndAdd(sum, x.GetUpper(), y.GetUpper());
        }

        return AddPortable(sum, x, y);
    }

    public static int Add(int sum, int x, int y) => sum + x * y;

    /// <summary>What a processor without a widening multiply-add runs.</summary>
    internal static Vector128<int> AddPortable(Vector128<int> sum, Vector128<short> x, Vector128<short> y)
    {
        var (xLow, xHigh) = Vector128.Widen(x);
        var (yLow, yHigh) = Vector128.Widen(y);
        return sum + xLow * yLow + xHigh * yHigh;
    }
}

/// <summary>Σ (x − y)².</summary>
internal readonly struct IntegerSquaredL2 : IIntegerOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Add(Vector512<int> sum, Vector512<short> x, Vector512<short> y) =>
        IntegerDot.Add(sum, x - y, x - y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sum, Vector256<short> x, Vector256<short> y) =>
        IntegerDot.Add(sum, x - y, x - y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> sum, Vector128<short> x, Vector128<short> y) =>
        IntegerDot.Add(sum, x - y, x - y);

    public static int Add(int sum, int x, int y) => sum + (x - y) * (x - y);
}
