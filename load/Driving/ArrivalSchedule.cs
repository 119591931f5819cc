using System.Diagnostics;
using Rag.Load.Scenarios;

namespace Rag.Load.Driving;

/// <summary>
/// When operations are due: at a rate that is constant or goes evenly from one to another, with equal gaps or as a Poisson
/// process (gaps with an exponential distribution). Due times do not depend on answers, so that a server that stands still
/// cannot hide it. Not thread-safe.
/// </summary>
internal sealed class ArrivalSchedule(ArrivalKind kind, double fromRate, double toRate, double seconds, Random random)
{
    private double _at;

    /// <summary>Operations that are due in all, on average.</summary>
    public double Expected => (fromRate + toRate) / 2 * seconds;

    /// <summary>Seconds from the beginning at which the next one is due; null: no more.</summary>
    public double? Next()
    {
        var rate = fromRate + (toRate - fromRate) * Math.Min(1, _at / seconds);
        // A ramp from nothing begins with the first moment at which one is due on average.
        rate = Math.Max(rate, Math.Sqrt(Math.Max(0, (toRate - fromRate) / seconds)) / 2);
        if (rate <= 0)
            return null;
        var gap = kind == ArrivalKind.Poisson ? -Math.Log(1 - random.NextDouble()) : 1;
        _at += gap / rate;
        return _at < seconds ? _at : null;
    }

    /// <summary>A moment of the schedule on the clock of <see cref="Stopwatch"/>.</summary>
    public static long ToTimestamp(long began, double seconds) => began + (long)(seconds * Stopwatch.Frequency);
}
