using System.Numerics;

namespace Rag.Router.Balancing;

/// <summary>
/// Latencies of the last calls and the 95th percentile of them, within 13 %. Two histograms take turns, so that what is
/// older than two turns is forgotten. Thread-safe; recording is lock-free, and a sample that races with a turn may be
/// lost.
/// <code>
/// bucket = 8 · ⌊log2 µs⌋ + the next 3 bits       1 µs … 2^32 µs (over an hour)
/// </code>
/// </summary>
internal sealed class LatencyWindow
{
    /// <summary>Fewer samples say nothing of a 95th percentile.</summary>
    public const int MinSamples = 40;

    private const int SubBits = 3;
    private const int Buckets = 33 << SubBits;
    private const int SamplesPerTurn = 2000;
    private const int SamplesPerLook = 32;

    private int[] _now = new int[Buckets];
    private int[] _before = new int[Buckets];
    private int _inTurn;
    private int _inTurnBefore;
    private long _percentileTicks;

    /// <summary>Null until there are enough samples.</summary>
    public TimeSpan? Percentile95
    {
        get
        {
            var ticks = Volatile.Read(ref _percentileTicks);
            return ticks == 0 ? null : new TimeSpan(ticks);
        }
    }

    public void Record(TimeSpan latency)
    {
        var buckets = Volatile.Read(ref _now);
        Interlocked.Increment(ref buckets[BucketOf(latency)]);
        var count = Interlocked.Increment(ref _inTurn);
        if (count % SamplesPerLook == 0 || count == MinSamples)
            Look(count);
        if (count == SamplesPerTurn)
            Turn();
    }

    private void Look(int count)
    {
        var total = count + Volatile.Read(ref _inTurnBefore);
        if (total < MinSamples)
            return;
        var now = Volatile.Read(ref _now);
        var before = Volatile.Read(ref _before);
        var above = total / 20;
        for (var i = Buckets - 1; i >= 0; i--)
        {
            above -= now[i] + before[i];
            if (above < 0)
            {
                Volatile.Write(ref _percentileTicks, UpperBound(i).Ticks);
                return;
            }
        }
    }

    // Only the call that counts the last sample of a turn comes here.
    private void Turn()
    {
        var free = _before;
        Array.Clear(free);
        Volatile.Write(ref _before, _now);
        Volatile.Write(ref _now, free);
        Volatile.Write(ref _inTurnBefore, SamplesPerTurn);
        Volatile.Write(ref _inTurn, 0);
    }

    private static int BucketOf(TimeSpan latency)
    {
        var micros = (ulong)Math.Clamp((long)latency.TotalMicroseconds, 1, uint.MaxValue);
        var log = BitOperations.Log2(micros);
        var sub = log >= SubBits ? (int)(micros >> (log - SubBits)) & 7 : (int)(micros << (SubBits - log)) & 7;
        return (log << SubBits) | sub;
    }

    private static TimeSpan UpperBound(int bucket)
    {
        var micros = Math.ScaleB(8 + (bucket & 7) + 1, (bucket >> SubBits) - SubBits);
        return TimeSpan.FromMicroseconds(micros);
    }
}
