using System.Collections.Concurrent;

namespace Rag.Shard.Refinement;

/// <summary>What the refiner did lately, by workspace and in all. Thread-safe.</summary>
internal sealed class RefinementLedger(TimeProvider time)
{
    // Work of two minutes ago counts an eighth.
    private const double MemorySeconds = 60;

    // Of those that were worked on last.
    private const int MaxWorkspaces = 10_000;

    private readonly ConcurrentDictionary<Guid, Rate> _rates = new();
    private readonly Rate _total = new();
    private long _pending;

    /// <summary>Chunks that wait, as of the last look.</summary>
    public long Pending
    {
        get => Interlocked.Read(ref _pending);
        set => Interlocked.Exchange(ref _pending, value);
    }

    public void Add(Guid workspaceUid, int chunks)
    {
        var now = Seconds;
        _rates.GetOrAdd(workspaceUid, static _ => new Rate()).Add(chunks, now);
        _total.Add(chunks, now);
        if (_rates.Count > MaxWorkspaces)
            Forget(now);
    }

    /// <summary>Chunks a second.</summary>
    public double RateOf(Guid workspaceUid) => _rates.TryGetValue(workspaceUid, out var rate) ? rate.At(Seconds) : 0;

    /// <summary>How long a workspace's chunks may take; null where nothing is known.</summary>
    public TimeSpan? TimeLeft(Guid workspaceUid, long pending)
    {
        if (pending <= 0)
            return null;
        // One that has had no turn yet is done with the others at the latest.
        var (chunks, rate) = RateOf(workspaceUid) is > 0 and var own ? (pending, own)
            : (Math.Max(pending, Pending), _total.At(Seconds));
        return rate > 0 ? TimeSpan.FromSeconds(Math.Min(chunks / rate, 1e9)) : null;
    }

    private double Seconds => time.GetTimestamp() / (double)time.TimestampFrequency;

    private void Forget(double now)
    {
        foreach (var (uid, rate) in _rates)
        {
            if (rate.At(now) == 0)
                _rates.TryRemove(uid, out _);
        }
    }

    /// <summary>A decaying count, corrected for the time that there was nothing to count yet.</summary>
    private sealed class Rate
    {
        private readonly Lock _gate = new();
        private double _count;
        private double _at;
        private double _since = double.NaN;

        public void Add(int chunks, double now)
        {
            lock (_gate)
            {
                if (double.IsNaN(_since) || Decayed(now) < 0.01)
                    (_count, _since) = (0, Math.Max(_at, now - 1));
                _count = Decayed(now) + chunks;
                _at = now;
            }
        }

        public double At(double now)
        {
            lock (_gate)
            {
                var count = Decayed(now);
                var seen = MemorySeconds * (1 - Math.Exp(-Math.Max(1, now - _since) / MemorySeconds));
                return count < 0.01 ? 0 : count / seen;
            }
        }

        private double Decayed(double now) => _count * Math.Exp(-Math.Max(0, now - _at) / MemorySeconds);
    }
}
