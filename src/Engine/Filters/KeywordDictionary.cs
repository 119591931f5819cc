using Rag.Engine.Slices;

namespace Rag.Engine.Filters;

/// <summary>
/// Numbers the different strings of a column from 1. One writer, readers without locks. A string keeps its number for
/// as long as the slice is loaded; a reload drops those that are no longer used.
/// </summary>
internal sealed class KeywordDictionary
{
    private readonly ByteArena _bytes = new();
    private readonly FingerprintTable _numbers = new();
    private long[] _locations = new long[4];
    private int _count;

    /// <summary>Numbers 1…Count are in use.</summary>
    public int Count => Volatile.Read(ref _count);

    public long MemoryBytes => _bytes.MemoryBytes + _numbers.MemoryBytes + _locations.Length * 8L + 80;

    /// <summary>The number of a string, 0 if no row ever had it.</summary>
    public int Find(ReadOnlySpan<byte> value)
    {
        var candidates = _numbers.Find(Fingerprint.Of(value));
        for (var number = candidates.Next(); number >= 0; number = candidates.Next())
        {
            if (this[number].SequenceEqual(value))
                return number;
        }

        return 0;
    }

    public int GetOrAdd(ReadOnlySpan<byte> value)
    {
        if (Find(value) is var known and > 0)
            return known;
        var number = _count + 1;
        if (number > _locations.Length)
        {
            var larger = _locations;
            Array.Resize(ref larger, larger.Length + larger.Length / 2 + 1);
            Volatile.Write(ref _locations, larger);
        }

        _locations[number - 1] = _bytes.Append(value);
        Volatile.Write(ref _count, number);
        _numbers.Add(Fingerprint.Of(value), number);
        return number;
    }

    /// <summary>The string with a number from 1 to <see cref="Count"/>.</summary>
    public ReadOnlySpan<byte> this[int number] => _bytes.Read(Volatile.Read(ref _locations)[number - 1]);
}
