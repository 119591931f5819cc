using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rag.Embedding.Lookup;

/// <summary>A register of floats, and how int8 values get into it.</summary>
internal interface ILanes<TSelf>
    where TSelf : struct, ILanes<TSelf>
{
    static abstract int Width { get; }

    /// <summary>this + scale × the next <see cref="Width"/> int8 values.</summary>
    TSelf AddScaled(ref sbyte values, float scale);

    void Store(ref float destination);
}

/// <summary>16 floats, AVX-512.</summary>
internal readonly struct Lanes512(Vector512<float> value) : ILanes<Lanes512>
{
    private readonly Vector512<float> _value = value;

    public static int Width => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Lanes512 AddScaled(ref sbyte values, float scale)
    {
        var wide = Avx512F.ConvertToVector512Int32(Vector128.LoadUnsafe(ref values));
        return new(Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(wide), Vector512.Create(scale), _value));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref float destination) => _value.StoreUnsafe(ref destination);
}

/// <summary>8 floats, AVX2.</summary>
internal readonly struct Lanes256(Vector256<float> value) : ILanes<Lanes256>
{
    private readonly Vector256<float> _value = value;

    public static int Width => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Lanes256 AddScaled(ref sbyte values, float scale)
    {
        var eight = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref Unsafe.As<sbyte, byte>(ref values)));
        var wide = Avx2.ConvertToVector256Int32(eight.AsSByte());
        return new(Vector256.MultiplyAddEstimate(Vector256.ConvertToSingle(wide), Vector256.Create(scale), _value));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref float destination) => _value.StoreUnsafe(ref destination);
}

/// <summary>4 floats, whatever 128-bit instructions there are.</summary>
internal readonly struct Lanes128(Vector128<float> value) : ILanes<Lanes128>
{
    private readonly Vector128<float> _value = value;

    public static int Width => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Lanes128 AddScaled(ref sbyte values, float scale)
    {
        var four = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(ref Unsafe.As<sbyte, byte>(ref values)));
        var wide = Vector128.WidenLower(Vector128.WidenLower(four.AsSByte()));
        return new(Vector128.MultiplyAddEstimate(Vector128.ConvertToSingle(wide), Vector128.Create(scale), _value));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref float destination) => _value.StoreUnsafe(ref destination);
}
