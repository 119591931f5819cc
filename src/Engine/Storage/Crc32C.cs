using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Rag.Engine.Storage;

/// <summary>
/// CRC-32C (Castagnoli, reflected, polynomial 0x1EDC6F41). One hardware instruction for eight bytes on x64 and Arm64,
/// a table elsewhere: <see cref="BitOperations.Crc32C(uint, ulong)"/> chooses. Finds every single and double bit
/// flip and every burst of up to 32 bits; anything else passes once in 2³².
/// </summary>
internal static class Crc32C
{
    /// <summary>Checksum of <paramref name="bytes"/>.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>Continues <paramref name="crc"/> (0 at first): the checksum of all bytes so far.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        var state = ~crc;
        ref var at = ref MemoryMarshal.GetReference(bytes);
        var left = bytes.Length;
        for (; left >= sizeof(ulong); left -= sizeof(ulong))
        {
            var word = Unsafe.ReadUnaligned<ulong>(ref at);
            if (!BitConverter.IsLittleEndian)
                word = BinaryPrimitives.ReverseEndianness(word);
            state = BitOperations.Crc32C(state, word);
            at = ref Unsafe.Add(ref at, sizeof(ulong));
        }
        for (; left > 0; left--)
        {
            state = BitOperations.Crc32C(state, at);
            at = ref Unsafe.Add(ref at, 1);
        }
        return ~state;
    }
}
