using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Rag.Engine.Kernels;

/// <summary>Σ x·y.</summary>
internal readonly struct FloatDot : IFloatOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> sum, Vector512<float> x, Vector512<float> y) =>
        Vector512.MultiplyAddEstimate(x, y, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> sum, Vector256<float> x, Vector256<float> y) =>
        Vector256.MultiplyAddEstimate(x, y, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> sum, Vector128<float> x, Vector128<float> y) =>
        Vector128.MultiplyAddEstimate(x, y, sum);

    public static float Add(float sum, float x, float y) => sum + x * y;
}

/// <summary>Σ (x − y)².</summary>
internal readonly struct FloatSquaredL2 : IFloatOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> sum, Vector512<float> x, Vector512<float> y)
    {
        var difference = x - y;
        return Vector512.MultiplyAddEstimate(difference, difference, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> sum, Vector256<float> x, Vector256<float> y)
    {
        var difference = x - y;
        return Vector256.MultiplyAddEstimate(difference, difference, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> sum, Vector128<float> x, Vector128<float> y)
    {
        var difference = x - y;
        return Vector128.MultiplyAddEstimate(difference, difference, sum);
    }

    public static float Add(float sum, float x, float y) => sum + (x - y) * (x - y);
}
