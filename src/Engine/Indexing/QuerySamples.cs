using System.Diagnostics;

namespace Rag.Engine.Indexing;

/// <summary>
/// Some of the queries that an index was asked, for it to measure itself on. Any number of searches offer, without locks
/// and, but for the first ones, without allocation; one measurer takes. What is not taken in time is overwritten.
/// </summary>
internal sealed class QuerySamples(int dimension)
{
    private const int Slots = 128;

    /// <summary>One search in so many is kept.</summary>
    private const int KeepOneIn = 16;

    private const int ClockBits = 5; // the lowest bits of a clock may always be the same

    private const int Empty = 0;
    private const int Busy = 1;
    private const int Full = 2;

    private int[]? _states; // made with the first query: most indexes are never asked much
    private float[]?[]? _vectors;
    private int _next;
    private int _taken;

    public long MemoryBytes => 100 + (Volatile.Read(ref _states) is null
        ? 0 : Slots * 12 + Math.Min(Slots, Volatile.Read(ref _next)) * (dimension * 4L + 24));

    /// <summary>Offers a query, most of which are not kept.</summary>
    public void Offer(ReadOnlySpan<float> query)
    {
        if ((Stopwatch.GetTimestamp() >> ClockBits) % KeepOneIn == 0)
            Keep(query);
    }

    /// <summary>Keeps a query.</summary>
    public void Keep(ReadOnlySpan<float> query)
    {
        var vectors = _vectors ?? Interlocked.CompareExchange(ref _vectors, new float[Slots][], null) ?? _vectors;
        var states = _states ?? Interlocked.CompareExchange(ref _states, new int[Slots], null) ?? _states;
        var slot = (int)((uint)Interlocked.Increment(ref _next) % Slots);
        if (Interlocked.Exchange(ref states[slot], Busy) == Busy)
            return; // whoever is busy with it sets the state when he is done
        query.CopyTo(vectors[slot] ??= new float[dimension]);
        Volatile.Write(ref states[slot], Full);
    }

    /// <summary>Takes a query; false if there is none. One taker at a time.</summary>
    public bool TryTake(Span<float> query)
    {
        if (_states is not { } states)
            return false;
        for (var i = 0; i < Slots; i++)
        {
            var slot = (int)((uint)++_taken % Slots);
            if (Interlocked.CompareExchange(ref states[slot], Busy, Full) != Full)
                continue;
            _vectors![slot].CopyTo(query);
            Volatile.Write(ref states[slot], Empty);
            return true;
        }

        return false;
    }

    /// <summary>Whether there is a query to take.</summary>
    public bool Any => Volatile.Read(ref _states) is { } states && Array.IndexOf(states, Full) >= 0;
}
