using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rag.Engine.Sparse;

/// <summary>
/// Packs runs of numbers with as few bits each as the largest needs. A whole block of 128 lies in four lanes, so that
/// four numbers are unpacked at once; a shorter run lies one number behind the other.
/// <code>
/// block of 128   number i in lane i mod 4, at bit (i / 4) × bits of the lane; a lane's words are every fourth word
/// shorter run    number i at bit i × bits
/// </code>
/// </summary>
internal static class BlockPacking
{
    public const int BlockLength = 128;

    // Reading one number of a short run takes eight bytes wherever it stands.
    public const int Padding = 8;

    private const int Lanes = 4;
    private const int Steps = BlockLength / Lanes;

    public static int BitsFor(uint largest) => 32 - BitOperations.LeadingZeroCount(largest);

    public static int PackedLength(int count, int bits) =>
        count == BlockLength ? bits * Lanes * sizeof(uint) : (count * bits + 7) >> 3;

    public static void Pack(ReadOnlySpan<uint> numbers, int bits, Span<byte> to)
    {
        to[..PackedLength(numbers.Length, bits)].Clear();
        if (bits == 0)
            return;
        if (numbers.Length < BlockLength)
        {
            PackRun(numbers, bits, to);
            return;
        }

        var words = MemoryMarshal.Cast<byte, uint>(to[..PackedLength(BlockLength, bits)]);
        for (var i = 0; i < BlockLength; i++)
        {
            var bit = i / Lanes * bits;
            var at = (bit >> 5) * Lanes + i % Lanes;
            words[at] |= numbers[i] << (bit & 31);
            if ((bit & 31) + bits > 32)
                words[at + Lanes] |= numbers[i] >> (32 - (bit & 31));
        }
    }

    /// <summary>Unpacks a run. <paramref name="from"/> goes on for <see cref="Padding"/> bytes behind it.</summary>
    public static void Unpack(ReadOnlySpan<byte> from, int bits, Span<uint> numbers)
    {
        if (bits == 0)
            numbers.Clear();
        else if (numbers.Length == BlockLength)
            UnpackBlock(from, bits, numbers);
        else
            UnpackRun(from, bits, numbers);
    }

    /// <summary>Unpacks gaps and adds them up: documents in rising order, the first behind <paramref name="former"/>.
    /// A gap counts what lies between two documents.</summary>
    public static void UnpackDocuments(ReadOnlySpan<byte> from, int bits, int former, Span<uint> documents)
    {
        Unpack(from, bits, documents);
        if (documents.Length < BlockLength)
        {
            var document = (uint)former;
            foreach (ref var one in documents)
                one = document += one + 1;
            return;
        }

        ref var first = ref MemoryMarshal.GetReference(documents);
        var sum = Vector128.Create((uint)former);
        for (nuint i = 0; i < BlockLength; i += Lanes)
        {
            var gaps = Vector128.LoadUnsafe(ref first, i) + Vector128<uint>.One;
            gaps += Vector128.Shuffle(gaps, Vector128.Create(0u, 0, 1, 2)) & Vector128.Create(0, uint.MaxValue, uint.MaxValue, uint.MaxValue);
            gaps += Vector128.Shuffle(gaps, Vector128.Create(0u, 0, 0, 1)) & Vector128.Create(0, 0, uint.MaxValue, uint.MaxValue);
            sum += gaps;
            sum.StoreUnsafe(ref first, i);
            sum = Vector128.Shuffle(sum, Vector128.Create(3u, 3, 3, 3));
        }
    }

    /// <summary>How many of a block's 128 documents, which rise, are below <paramref name="target"/>: all are compared,
    /// which is faster than to branch.</summary>
    public static int CountBelow(ReadOnlySpan<uint> documents, uint target)
    {
        ref var first = ref MemoryMarshal.GetReference(documents[..BlockLength]);
        var limit = Vector128.Create(target);
        var (even, odd) = (Vector128<uint>.Zero, Vector128<uint>.Zero);
        for (nuint i = 0; i < BlockLength; i += 2 * Lanes)
        {
            even -= Vector128.LessThan(Vector128.LoadUnsafe(ref first, i), limit);
            odd -= Vector128.LessThan(Vector128.LoadUnsafe(ref first, i + Lanes), limit);
        }

        return (int)Vector128.Sum(even + odd);
    }

    /// <summary>One number of a run of <paramref name="count"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint At(ReadOnlySpan<byte> from, int count, int bits, int index)
    {
        var mask = (uint)((1UL << bits) - 1);
        if (count < BlockLength)
        {
            var run = index * bits;
            return (uint)(MemoryMarshal.Read<ulong>(from[(run >> 3)..]) >> (run & 7)) & mask;
        }

        if (bits == 0)
            return 0;
        var bit = index / Lanes * bits;
        var word = ((bit >> 5) * Lanes + index % Lanes) * sizeof(uint);
        var low = MemoryMarshal.Read<uint>(from[word..]);
        var high = (bit & 31) + bits > 32 ? MemoryMarshal.Read<uint>(from[(word + Lanes * sizeof(uint))..]) : 0;
        return (uint)((((ulong)high << 32) | low) >> (bit & 31)) & mask;
    }

    /// <summary>Reference for the tests.</summary>
    public static void UnpackScalar(ReadOnlySpan<byte> from, int bits, Span<uint> numbers)
    {
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = At(from, numbers.Length, bits, i);
    }

    private static void UnpackBlock(ReadOnlySpan<byte> from, int bits, Span<uint> numbers)
    {
        // The cast and the slice check once what the loop reads.
        var words = MemoryMarshal.Cast<byte, uint>(from[..PackedLength(BlockLength, bits)]);
        ref var source = ref MemoryMarshal.GetReference(words);
        ref var target = ref MemoryMarshal.GetReference(numbers);
        var mask = Vector128.Create((uint)((1UL << bits) - 1));
        var bit = 0;
        for (nuint step = 0; step < Steps; step++, bit += bits)
        {
            var at = (nuint)(bit >> 5) * Lanes;
            var shift = bit & 31;
            var value = Vector128.LoadUnsafe(ref source, at) >>> shift;
            if (shift + bits > 32)
                value |= Vector128.LoadUnsafe(ref source, at + Lanes) << (32 - shift);
            (value & mask).StoreUnsafe(ref target, step * Lanes);
        }
    }

    private static void PackRun(ReadOnlySpan<uint> numbers, int bits, Span<byte> to)
    {
        var bit = 0;
        foreach (var number in numbers)
        {
            var at = bit >> 3;
            for (var left = (ulong)number << (bit & 7); left != 0; left >>= 8)
                to[at++] |= (byte)left;
            bit += bits;
        }
    }

    private static void UnpackRun(ReadOnlySpan<byte> from, int bits, Span<uint> numbers)
    {
        var mask = (uint)((1UL << bits) - 1);
        var bit = 0;
        foreach (ref var number in numbers)
        {
            number = (uint)(MemoryMarshal.Read<ulong>(from[(bit >> 3)..]) >> (bit & 7)) & mask;
            bit += bits;
        }
    }
}
