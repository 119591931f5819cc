namespace Rag.Engine;

/// <summary>
/// Where the mutation log began some time ago: the outer order may lose what it took since, and gets it again from here.
/// Bounded in time and in bytes. Not thread-safe.
/// </summary>
internal sealed class TailRetention(TimeSpan retention, long maxBytes)
{
    private const int MaxSamples = 256;

    private readonly Queue<(long AtMs, long Position)> _samples = new();
    private long _kept;

    /// <summary>Takes note of where the log ends now.</summary>
    public void Note(long nowMs, long position)
    {
        if (_samples.Count < MaxSamples
            && (_samples.Count == 0 || nowMs - _samples.Last().AtMs >= retention.TotalMilliseconds / MaxSamples))
            _samples.Enqueue((nowMs, position));
    }

    /// <summary>The log is kept from here on.</summary>
    public long PositionToKeep(long nowMs, long begin, long tail)
    {
        if (retention == TimeSpan.Zero)
            return long.MaxValue;
        var keep = begin;
        while (_samples.TryPeek(out var oldest) && nowMs - oldest.AtMs >= retention.TotalMilliseconds)
        {
            keep = oldest.Position;
            _samples.Dequeue();
        }

        _kept = Math.Max(_kept, keep);
        return Math.Max(_kept, tail - maxBytes);
    }
}
