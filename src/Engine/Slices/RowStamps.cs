using System.Runtime.CompilerServices;

namespace Rag.Engine.Slices;

/// <summary>
/// Lifetime of a row in apply numbers of its slice: visible at t if born ≤ t &lt; died.
/// <code>
/// 63    32 31    0
/// died     born      never died, never born: uint.MaxValue
/// </code>
/// </summary>
internal static class RowStamps
{
    private const uint Never = uint.MaxValue;

    /// <summary>Not born yet, not dead: a staged or free row.</summary>
    public const ulong Staged = ulong.MaxValue;

    public static ulong Born(uint at) => ((ulong)Never << 32) | at;

    public static ulong Died(ulong stamps, uint at) => ((ulong)at << 32) | (uint)stamps;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsVisible(ulong stamps, uint at) => (uint)stamps <= at && at < (uint)(stamps >> 32);

    /// <summary>Born and not dead, as the writer sees it.</summary>
    public static bool IsAlive(ulong stamps) => stamps >> 32 == Never && (uint)stamps != Never;

    public static uint BornAt(ulong stamps) => (uint)stamps;
}

/// <summary>
/// A <see cref="WriteStamp"/> in 64 bits, in the same order.
/// <code>
/// 63  48 47      0
/// epoch  sequence
/// </code>
/// </summary>
internal static class PackedStamp
{
    public const uint MaxEpoch = ushort.MaxValue;
    public const ulong MaxSequence = (1UL << 48) - 1;

    public static ulong Pack(WriteStamp stamp)
    {
        if (stamp.Epoch > MaxEpoch || stamp.Sequence > MaxSequence)
            throw new InvalidDataException($"Position {stamp} is beyond what a version can hold.");
        return ((ulong)stamp.Epoch << 48) | stamp.Sequence;
    }

    public static WriteStamp Unpack(ulong packed) => new((uint)(packed >> 48), packed & MaxSequence);
}

/// <summary>
/// Where a row's content lies in the chunk log, and how long it is; 0 for a row without content.
/// <code>
/// 63     20 19    0
/// address   length
/// </code>
/// </summary>
internal static class ContentAddress
{
    private const int LengthBits = 20;

    public static ulong Pack(long address, int length)
    {
        if (address < 0 || address >= 1L << (64 - LengthBits) || length is < 1 or >= 1 << LengthBits)
            throw new InvalidDataException($"Content of {length} bytes at {address} is beyond what a row can hold.");
        return ((ulong)address << LengthBits) | (uint)length;
    }

    public static long Address(ulong packed) => (long)(packed >> LengthBits);

    public static int Length(ulong packed) => (int)(packed & ((1UL << LengthBits) - 1));
}
