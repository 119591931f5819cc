using System.Diagnostics;

namespace Rag.Cluster.Tests.Faults;

/// <summary>Knows since when nothing has been broken or mended: what fails then should not have. Thread-safe.</summary>
internal sealed class FaultClock
{
    /// <summary>Two seconds after a shard or a router is gone nobody notices it any more.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>Writes wait for an election of NATS.</summary>
    private static readonly TimeSpan Election = TimeSpan.FromSeconds(15);

    private long _reads;
    private long _writes;
    private long _metadata;

    /// <summary>A node of this kind is about to be broken or mended.</summary>
    public void Note(NodeKind kind)
    {
        var now = Stopwatch.GetTimestamp();
        Volatile.Write(ref _reads, now + Ticks(Grace));
        Volatile.Write(ref _writes, now + Ticks(kind == NodeKind.Nats ? Election : Grace));
        Volatile.Write(ref _metadata, now + Ticks(Election));
    }

    public bool IsMetadataAway => Volatile.Read(ref _metadata) == long.MaxValue;

    /// <summary>Metadata is away until the next <see cref="Note"/>.</summary>
    public void NoteMetadataAway() => Volatile.Write(ref _metadata, long.MaxValue);

    public bool IsCalmForReads(long since) => since > Volatile.Read(ref _reads);

    public bool IsCalmForWrites(long since) => since > Volatile.Read(ref _writes);

    public bool IsCalmForMetadata(long since) => since > Volatile.Read(ref _metadata);

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}

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

    public void Succeed(long since)
    {
        lock (_lock)
        {
            Done++;
            if (Stopwatch.GetElapsedTime(since) is var took && took > Longest)
                Longest = took;
        }
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
            return $"{Done} {name} (longest {Longest.TotalSeconds:0.0} s, {Failed} not answered, {Excess} of them in calm)";
    }
}
