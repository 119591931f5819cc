using System.Runtime.CompilerServices;

namespace Rag.Engine.Quantization;

/// <summary>Floats as unsigned integers of the same order.</summary>
internal static class OrderedKey
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint From(float value)
    {
        var bits = BitConverter.SingleToInt32Bits(value);
        return (uint)(bits ^ ((bits >> 31) | int.MinValue));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToFloat(uint key)
    {
        var bits = (int)key;
        return BitConverter.Int32BitsToSingle(bits ^ (~(bits >> 31) | int.MinValue));
    }
}
