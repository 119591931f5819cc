using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace Rag.Tokenization.Bert;

/// <summary>The two encodings that text comes in, seen alike by one generic loop.</summary>
internal interface ITextSource<TUnit>
    where TUnit : unmanaged
{
    /// <summary>Sixteen units as bytes; what is not ASCII becomes a byte of 0x80 or more.</summary>
    static abstract Vector128<byte> Load(ref readonly TUnit first);

    /// <summary>The unit's value; below 0x80 it is the character.</summary>
    static abstract int ValueOf(TUnit unit);

    /// <summary>Reads the character at the front; U+FFFD for an ill-formed sequence.</summary>
    /// <returns>Number of units it took, at least 1.</returns>
    static abstract int Decode(ReadOnlySpan<TUnit> text, out int codePoint);
}

/// <summary>UTF-16.</summary>
internal readonly struct CharSource : ITextSource<char>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(ref readonly char first)
    {
        ref var units = ref Unsafe.As<char, ushort>(ref Unsafe.AsRef(in first));
        return Vector128.NarrowWithSaturation(Vector128.LoadUnsafe(ref units), Vector128.LoadUnsafe(ref units, 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ValueOf(char unit) => unit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Decode(ReadOnlySpan<char> text, out int codePoint)
    {
        var unit = text[0];
        if (!char.IsSurrogate(unit))
        {
            codePoint = unit;
            return 1;
        }

        Rune.DecodeFromUtf16(text, out var rune, out var used);
        codePoint = rune.Value;
        return used;
    }
}

/// <summary>UTF-8.</summary>
internal readonly struct ByteSource : ITextSource<byte>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(ref readonly byte first) =>
        Vector128.LoadUnsafe(ref Unsafe.AsRef(in first));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ValueOf(byte unit) => unit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Decode(ReadOnlySpan<byte> text, out int codePoint)
    {
        if (text[0] < 0x80)
        {
            codePoint = text[0];
            return 1;
        }

        Rune.DecodeFromUtf8(text, out var rune, out var used);
        codePoint = rune.Value;
        return used;
    }
}
