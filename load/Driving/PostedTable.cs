using Grpc.Core;
using Rag.Load.Measuring;

namespace Rag.Load.Driving;

/// <summary>Searches under way by number. One thread adds; any removes. Thread-safe.</summary>
internal sealed class PostedTable
{
    /// <summary>Most at a time.</summary>
    public const int Size = 1 << 14;

    private readonly Entry[] _entries = new Entry[Size];
    private ulong _last;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>The number of a search; 0: too many are under way.</summary>
    public ulong Add(Operation operation, long due, TrafficMeter meter)
    {
        var number = _last + 1;
        ref var entry = ref _entries[number % Size];
        if (Volatile.Read(ref entry.Number) != 0)
            return 0;
        _last = number;
        (entry.Operation, entry.Due, entry.Meter) = (operation, due, meter);
        Interlocked.Increment(ref _count);
        Volatile.Write(ref entry.Number, number);
        return number;
    }

    /// <summary>Takes a search out; false for one that is not there.</summary>
    public bool TryRemove(ulong number, out Operation operation, out long due, out TrafficMeter meter)
    {
        ref var entry = ref _entries[number % Size];
        (operation, due, meter) = (entry.Operation, entry.Due, entry.Meter);
        if (number == 0 || Interlocked.CompareExchange(ref entry.Number, 0, number) != number)
            return false;
        Interlocked.Decrement(ref _count);
        return true;
    }

    /// <summary>All that are under way have failed.</summary>
    public void FailAll(Exception failure)
    {
        for (var i = 0; i < Size; i++)
        {
            if (TryRemove(Volatile.Read(ref _entries[i].Number), out _, out var due, out var meter))
                meter.Fail(due, failure);
        }
    }

    /// <summary>One is not sent, because too many are under way.</summary>
    public static void Refuse(long due, TrafficMeter meter) =>
        meter.Fail(due, "not sent: too many under way", $"{Size:N0} searches of a connection wait for their answers.");

    private struct Entry
    {
        public ulong Number;
        public Operation Operation;
        public long Due;
        public TrafficMeter Meter;
    }
}
