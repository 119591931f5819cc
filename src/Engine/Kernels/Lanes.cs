using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rag.Engine.Kernels;

/// <summary>How int16 lanes are read from memory of type T.</summary>
internal unsafe interface ILanes<T>
    where T : unmanaged
{
    static abstract Vector512<short> Load512(T* source);

    static abstract Vector256<short> Load256(T* source);

    static abstract Vector128<short> Load128(T* source);

    static abstract int Load(T* source);
}

/// <summary>Int16 as it lies in memory.</summary>
internal readonly unsafe struct WideLanes : ILanes<short>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Load512(short* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> Load256(short* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> Load128(short* source) => Vector128.Load(source);

    public static int Load(short* source) => *source;
}

/// <summary>Int8, widened while it is read.</summary>
internal readonly unsafe struct NarrowLanes : ILanes<sbyte>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Load512(sbyte* source) => Avx512BW.ConvertToVector512Int16(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> Load256(sbyte* source) => Avx2.ConvertToVector256Int16(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> Load128(sbyte* source)
    {
        var bytes = Vector64.Load(source);
        return Vector128.WidenLower(Vector128.Create(bytes, default));
    }

    public static int Load(sbyte* source) => *source;
}
