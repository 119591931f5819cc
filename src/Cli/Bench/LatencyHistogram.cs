using System.Numerics;

namespace Rag.Cli.Bench;

/// <summary>
/// Durations counted in buckets that are a thirty-second of an octave wide, so that every percentile is right to 3 %
/// whatever its size; the largest is kept exactly. One thread records at a time.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 5;
    private const int SubBuckets = 1 << SubBits;

    private readonly long[] _buckets = new long[(64 - SubBits) * SubBuckets];
    private long _sumNs;

    /// <summary>Durations recorded.</summary>
    public long Count { get; private set; }

    /// <summary>The longest duration; zero if there is none.</summary>
    public TimeSpan Max { get; private set; }

    /// <summary>All durations together.</summary>
    public TimeSpan Sum => TimeSpan.FromMicroseconds(_sumNs / 1000.0);

    public void Add(TimeSpan duration)
    {
        var ns = (long)Math.Max(0, duration.TotalNanoseconds);
        _buckets[BucketOf(ns)]++;
        _sumNs += ns;
        Count++;
        if (duration > Max)
            Max = duration;
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < _buckets.Length; i++)
            _buckets[i] += other._buckets[i];
        _sumNs += other._sumNs;
        Count += other.Count;
        if (other.Max > Max)
            Max = other.Max;
    }

    /// <summary>The duration that a share of all durations does not exceed; zero if there is none.</summary>
    /// <param name="share">0…1.</param>
    public TimeSpan Percentile(double share)
    {
        var rank = (long)Math.Ceiling(share * Count);
        var seen = 0L;
        for (var i = 0; i < _buckets.Length; i++)
        {
            seen += _buckets[i];
            if (seen >= rank && seen > 0)
                return TimeSpan.FromMicroseconds(Math.Min(UpperEdge(i) / 1000.0, Max.TotalMicroseconds));
        }

        return Max;
    }

    private static int BucketOf(long ns)
    {
        if (ns < SubBuckets)
            return (int)ns;
        var shift = 63 - BitOperations.LeadingZeroCount((ulong)ns) - SubBits;
        return (shift + 1) * SubBuckets + (int)(ns >> shift & (SubBuckets - 1));
    }

    private static double UpperEdge(int bucket)
    {
        var shift = Math.Max(0, bucket / SubBuckets - 1);
        return bucket < SubBuckets ? bucket : (SubBuckets + bucket % SubBuckets + 1L) * (1L << shift);
    }
}
