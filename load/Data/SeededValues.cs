using System.Runtime.InteropServices;

namespace Rag.Load.Data;

/// <summary>
/// Values that depend on four numbers alone: SplitMix64 (Steele, Lea, Flood 2014), a hash of a counter, so that any of
/// them can be had without those before it. Not thread-safe.
/// </summary>
internal struct SeededValues
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state;

    public SeededValues(int seed, int first, int second, int third)
    {
        _state = Hash(Hash(Hash(Hash((uint)seed) + (uint)first) + (uint)second) + (uint)third);
    }

    public ulong Next() => Hash(_state += Step);

    /// <summary>Values between −1 and 1, all alike.</summary>
    public void Fill(Span<float> values)
    {
        var pairs = MemoryMarshal.Cast<float, ulong>(values);
        for (var i = 0; i < pairs.Length; i++)
        {
            var bits = Next();
            values[2 * i] = ToUnit((uint)bits);
            values[2 * i + 1] = ToUnit((uint)(bits >> 32));
        }

        if ((values.Length & 1) != 0)
            values[^1] = ToUnit((uint)Next());
    }

    private static float ToUnit(uint bits) => (int)bits * (1f / int.MaxValue);

    private static ulong Hash(ulong value)
    {
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
        value = (value ^ value >> 27) * 0x94D049BB133111EB;
        return value ^ value >> 31;
    }
}
