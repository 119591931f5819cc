using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rag.Tokenization.Bert;

/// <summary>Finds and lowers the run of ASCII letters and digits at the front of 16 bytes.</summary>
internal static class AsciiWord
{
    /// <summary>Length of the run, 0 to 16; <paramref name="lowered"/> has its letters in lower case if asked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Classify(Vector128<byte> units, bool lowercase, out Vector128<byte> lowered)
    {
        var folded = units | Vector128.Create((byte)0x20);
        var letters = Vector128.LessThanOrEqual(folded - Vector128.Create((byte)'a'), Vector128.Create((byte)25));
        var digits = Vector128.LessThanOrEqual(units - Vector128.Create((byte)'0'), Vector128.Create((byte)9));
        lowered = lowercase ? Vector128.ConditionalSelect(letters, folded, units) : units;
        var others = ~(letters | digits).ExtractMostSignificantBits() | 0x10000;
        return BitOperations.TrailingZeroCount(others);
    }

    /// <summary>The first <paramref name="length"/> bytes (0 to 16), the rest zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> First(Vector128<byte> bytes, int length)
    {
        ReadOnlySpan<byte> masks =
        [
            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        return bytes & Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(masks), (nuint)(16 - length));
    }
}
