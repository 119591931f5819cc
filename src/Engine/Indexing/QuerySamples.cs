using System.Diagnostics;

namespace Rag.Engine.Indexing;

/// <summary>
/// Some of the queries that an index was asked, for it to measure itself on. Any number of searches offer, without locks
/// and without allocation; one measurer takes. What is not taken in time is overwritten.
/// </summary>
internal sealed class QuerySamples(int dimension)
{
    private const int Slots = 64;

    /// <summary>One search in so many is kept.</summary>
    private const int KeepOneIn = 16;

    private const int ClockBits = 5; // the lowest bits of a clock may always be the same

    private const int Empty = 0;
    private const int Busy = 1;
    private const int Full = 2;

    private float[]? _vectors;
    private int[]? _states;
    private int _next;
    private int _taken;

    public long MemoryBytes => 100 + (Volatile.Read(ref _states) is null ? 0 : Slots * (4L + dimension * 4L));

    /// <summary>Whether there is a query to take.</summary>
    public bool Any => Volatile.Read(ref _states) is { } states && Array.IndexOf(states, Full) >= 0;

    /// <summary>Makes room; before that, what is offered is not kept: most indexes are small and measure nothing.</summary>
    public void Open()
    {
        _vectors ??= new float[Slots * dimension];
        if (_states is null)
            Volatile.Write(ref _states, new int[Slots]);
    }

    /// <summary>Offers a query, most of which are not kept.</summary>
    public void Offer(ReadOnlySpan<float> query)
    {
        if (Volatile.Read(ref _states) is not { } states || (Stopwatch.GetTimestamp() >> ClockBits) % KeepOneIn != 0)
            return;
        var slot = (int)((uint)Interlocked.Increment(ref _next) % Slots);
        if (Interlocked.Exchange(ref states[slot], Busy) == Busy)
            return; // whoever is busy with it sets the state when he is done
        query.CopyTo(Vector(slot));
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
            Vector(slot).CopyTo(query);
            Volatile.Write(ref states[slot], Empty);
            return true;
        }

        return false;
    }

    private Span<float> Vector(int slot) => _vectors.AsSpan(slot * dimension, dimension);
}
