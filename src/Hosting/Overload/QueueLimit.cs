using System.Diagnostics;

namespace Rag.Hosting.Overload;

/// <summary>
/// Decides how many searches may wait: while they wait for one another only now and then, as many as there is memory for;
/// once they have done so for a whole interval, as many as are served in the target delay. After K. Nichols and V. Jacobson,
/// "Controlling Queue Delay", ACM Queue 10(5), 2012 (a queue is bad that stands, not one that is long for a moment), and its
/// use for calls in B. Maurer, "Fail at Scale", ACM Queue 13(8), 2015. Not thread-safe.
/// </summary>
internal sealed class QueueLimit(OverloadOptions options, int runners)
{
    private const double WindowsPerSecond = 20;

    /// <summary>Longer than so many target delays nobody is to wait, however long runners stay.</summary>
    private const int MostTargets = 10;

    private readonly double _target = options.TargetDelay.TotalSeconds;
    private readonly long _interval = (long)(options.Interval.TotalSeconds * Stopwatch.Frequency);

    private long _standsSince; // 0: nobody waits
    private long _overloadedAt = long.MinValue / 2;
    private long _windowSince;
    private int _taken;
    private double _rate;
    private bool _isMeasured;

    /// <summary>Searches that are served in a second since some wait; 0: not known yet.</summary>
    public double Rate => _isMeasured ? _rate : 0;

    /// <summary>Searches that may wait now.</summary>
    /// <param name="stay">How long a runner stays at its work, ticks.</param>
    public int At(long now, long stay)
    {
        if (_standsSince == 0)
            return options.MaxQueued;
        // One that has just been relieved has not to prove for long that it is overloaded again.
        if (now - _standsSince < _interval && now - _overloadedAt > Stopwatch.Frequency)
            return options.MaxQueued;
        if (_rate == 0)
            return options.MaxQueued;
        if (now - _standsSince >= _interval)
            _overloadedAt = now;
        var wait = Math.Clamp((double)stay / Stopwatch.Frequency, _target, MostTargets * _target);
        // So few would be gone before whoever serves them looks again.
        return (int)Math.Clamp(_rate * wait, Math.Min(4 * runners, options.MaxQueued), options.MaxQueued);
    }

    /// <summary>Somebody waits where nobody did.</summary>
    public void Begin(long now) => (_standsSince, _windowSince, _taken, _isMeasured) = (now, now, 0, false);

    /// <summary>One was taken.</summary>
    /// <param name="isLast">Nobody waits any more.</param>
    public void Take(long now, bool isLast)
    {
        _taken++;
        var elapsed = (now - _windowSince) / (double)Stopwatch.Frequency;
        if (elapsed * WindowsPerSecond >= 1)
        {
            var rate = _taken / elapsed;
            _rate = _rate == 0 ? rate : (_rate + rate) / 2;
            (_windowSince, _taken, _isMeasured) = (now, 0, true);
        }

        if (isLast)
            _standsSince = 0;
    }
}
