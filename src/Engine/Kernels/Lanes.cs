using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rag.Engine.Kernels;

/// <summary>Int8 from memory as int16 lanes, and sums of int32 lanes.</summary>
internal static unsafe class Lanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Load512(sbyte* source) => Avx512BW.ConvertToVector512Int16(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> Load256(sbyte* source) => Avx2.ConvertToVector256Int16(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> Load128(sbyte* source) =>
        Vector128.WidenLower(Vector128.Create(Vector64.Load(source), default));

    /// <summary>The sum of each of the four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> SumsOfFour(Vector256<int> t0, Vector256<int> t1, Vector256<int> t2, Vector256<int> t3)
    {
        var lanes = Avx2.HorizontalAdd(Avx2.HorizontalAdd(t0, t1), Avx2.HorizontalAdd(t2, t3));
        return lanes.GetLower() + lanes.GetUpper();
    }
}
