using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rag.Engine.Kernels;

/// <summary>
/// Dot products of four int8 vectors that lie behind one another with a fifth, which is loaded once for all of them: for
/// comparing many vectors with many. AVX-VNNI multiplies unsigned bytes by signed ones, four to an int32 without
/// saturation; the fifth vector is therefore read with 128 added, which is its sign bit turned over:
/// <code>
/// Σ (y + 128) · x  =  Σ y · x  +  128 · Σ x        the last term is <see cref="Bias"/>, the same for every y
/// </code>
/// Sums are exact for up to 65,000 components. Without VNNI it is four reductions of <see cref="Int8Kernel"/>.
/// </summary>
internal static unsafe class QuadKernel
{
    /// <summary>Vectors compared at a time.</summary>
    public const int Vectors = 4;

    private const int Width = 32;

    /// <summary>What <see cref="Dots"/> needs to know of four vectors.</summary>
    /// <param name="quad">Four vectors behind one another.</param>
    /// <param name="length">Components of each.</param>
    public static Vector128<int> Bias(sbyte* quad, int length) =>
        AvxVnni.IsSupported ? BiasVnni(quad, length) : Vector128<int>.Zero;

    /// <summary>Dot products of each of the four with <paramref name="y"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Dots(sbyte* quad, sbyte* y, int length, Vector128<int> bias) =>
        AvxVnni.IsSupported ? DotsVnni(quad, y, length) - bias : DotsApart(quad, y, length);

    /// <summary>128 · Σ x of each of the four: what they make of a vector of zeros.</summary>
    internal static Vector128<int> BiasVnni(sbyte* quad, int length)
    {
        sbyte* zeros = stackalloc sbyte[length];
        new Span<sbyte>(zeros, length).Clear();
        return DotsVnni(quad, zeros, length);
    }

    /// <summary>Σ (y + 128) · x of each of the four.</summary>
    internal static Vector128<int> DotsVnni(sbyte* quad, sbyte* y, int length)
    {
        var flip = Vector256.Create((byte)0x80);
        sbyte* x0 = quad, x1 = x0 + length, x2 = x1 + length, x3 = x2 + length;
        Vector256<int> t0 = default, t1 = default, t2 = default, t3 = default;
        var i = 0;
        for (; i <= length - Width; i += Width)
        {
            var shared = Vector256.Load((byte*)y + i) ^ flip;
            t0 = AvxVnni.MultiplyWideningAndAdd(t0, shared, Vector256.Load(x0 + i));
            t1 = AvxVnni.MultiplyWideningAndAdd(t1, shared, Vector256.Load(x1 + i));
            t2 = AvxVnni.MultiplyWideningAndAdd(t2, shared, Vector256.Load(x2 + i));
            t3 = AvxVnni.MultiplyWideningAndAdd(t3, shared, Vector256.Load(x3 + i));
        }

        var sums = Lanes.SumsOfFour(t0, t1, t2, t3);
        for (; i < length; i++)
            sums += Vector128.Create(x0[i], x1[i], x2[i], x3[i]) * (y[i] + 128);
        return sums;
    }

    /// <summary>The reference: one after the other.</summary>
    internal static Vector128<int> DotsApart(sbyte* quad, sbyte* y, int length) => Vector128.Create(
        Int8Kernel.Reduce<IntegerDot>(quad, y, length),
        Int8Kernel.Reduce<IntegerDot>(quad + length, y, length),
        Int8Kernel.Reduce<IntegerDot>(quad + 2L * length, y, length),
        Int8Kernel.Reduce<IntegerDot>(quad + 3L * length, y, length));
}
