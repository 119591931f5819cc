using System.Diagnostics;

namespace Rag.Cluster.Tests.Faults;

/// <summary>How operations of a kind ended. Thread-safe.</summary>
internal sealed class OperationCount(string name)
{
    private readonly Lock _lock = new();
    private readonly List<string> _failures = [];

    public long Done { get; private set; }

    /// <summary>Not answered.</summary>
    public long Failed { get; private set; }

    /// <summary>Not answered though nothing was broken.</summary>
    public long Excess { get; private set; }

    /// <summary>The first of those that failed though nothing was broken.</summary>
    public string Failures
    {
        get
        {
            lock (_lock)
                return string.Join(" | ", _failures);
        }
    }

    public TimeSpan Longest { get; private set; }

    /// <summary>The longest that one has waited for its answer, a refusal too, through a fault of NATS.</summary>
    public TimeSpan LongestThroughNats { get; private set; }

    public void Succeed(long since)
    {
        lock (_lock)
        {
            Done++;
            if (Stopwatch.GetElapsedTime(since) is var took && took > Longest)
                Longest = took;
        }
    }

    /// <summary>One has been answered, or refused, after a time in which NATS had a fault.</summary>
    public void WaitedThroughNats(TimeSpan time)
    {
        lock (_lock)
            LongestThroughNats = time > LongestThroughNats ? time : LongestThroughNats;
    }

    public void Fail(string reason, bool isExcess)
    {
        lock (_lock)
        {
            Failed++;
            if (!isExcess)
                return;
            Excess++;
            if (_failures.Count < 5)
                _failures.Add($"{DateTime.UtcNow:HH:mm:ss.fff} {reason}");
        }
    }

    /// <summary>Under 0.1 % failed though nothing was broken, one in a short run.</summary>
    public void ShouldBeGood()
    {
        lock (_lock)
            Excess.ShouldBeLessThanOrEqualTo(1 + Done / 1000, $"{name}: {Failures}");
    }

    public override string ToString()
    {
        lock (_lock)
        {
            var nats = LongestThroughNats > TimeSpan.Zero ? $"{LongestThroughNats.TotalSeconds:0.0} s through faults of NATS, " : "";
            return $"{Done} {name} (longest {Longest.TotalSeconds:0.0} s, {nats}{Failed} not answered, {Excess} of them in calm)";
        }
    }
}
