using System.Collections.Concurrent;

namespace Rag.Shard.Refinement;

/// <summary>
/// Searches under way, and how much each workspace was searched lately: what work of the background is chosen by, and
/// gives way to. Thread-safe.
/// </summary>
internal sealed class SearchActivity(TimeProvider time)
{
    // Searches of an hour ago count a sixty-fourth.
    private const double HalfLifeSeconds = 600;

    // Beyond, workspaces that are new here are not counted until others are forgotten.
    private const int MaxWorkspaces = 100_000;

    private const double Forgotten = 0.01;

    private readonly ConcurrentDictionary<Guid, Count> _counts = new();
    private TaskCompletionSource? _lull;
    private int _underWay;
    private long _begun;

    /// <summary>Searches and embeddings of queries under way.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>Searches and embeddings of queries that ever began.</summary>
    public long Begun => Interlocked.Read(ref _begun);

    /// <summary>Counts a search; disposed when it ends.</summary>
    public Scope Begin(Guid workspaceUid)
    {
        if (_counts.TryGetValue(workspaceUid, out var count)
            || (_counts.Count < MaxWorkspaces && (count = _counts.GetOrAdd(workspaceUid, _ => new Count())) is not null))
            count.Add(time.GetTimestamp(), time.TimestampFrequency);
        return Begin();
    }

    /// <summary>Counts the embedding of a query, of whatever workspace; disposed when it ends.</summary>
    public Scope Begin()
    {
        Interlocked.Increment(ref _underWay);
        Interlocked.Increment(ref _begun);
        return new Scope(this);
    }

    /// <summary>Searches of a workspace, older ones for less.</summary>
    public double SearchesOf(Guid workspaceUid) => _counts.TryGetValue(workspaceUid, out var count)
        ? count.At(time.GetTimestamp(), time.TimestampFrequency)
        : 0;

    /// <summary>Forgets workspaces that have not been searched for long.</summary>
    public void Forget()
    {
        foreach (var (uid, count) in _counts)
        {
            if (count.At(time.GetTimestamp(), time.TimestampFrequency) < Forgotten)
                _counts.TryRemove(uid, out _);
        }
    }

    /// <summary>Waits until no search is under way, but not longer than <paramref name="patience"/>.</summary>
    public async Task WaitForLullAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (UnderWay > 0 && patience - time.GetElapsedTime(began) is { Ticks: > 0 } left)
        {
            var lull = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _lull, lull);
            // The last search may have ended before it could see who waits.
            if (UnderWay == 0)
                return;
            try
            {
                await lull.Task.WaitAsync(left, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                return;
            }
        }
    }

    private void End()
    {
        if (Interlocked.Decrement(ref _underWay) == 0)
            Volatile.Read(ref _lull)?.TrySetResult();
    }

    /// <summary>A search under way.</summary>
    public readonly struct Scope(SearchActivity activity) : IDisposable
    {
        public void Dispose() => activity.End();
    }

    private sealed class Count
    {
        private readonly Lock _gate = new();
        private double _value;
        private long _at;

        public void Add(long now, long frequency)
        {
            lock (_gate)
            {
                _value = Decayed(now, frequency) + 1;
                _at = now;
            }
        }

        public double At(long now, long frequency)
        {
            lock (_gate)
                return Decayed(now, frequency);
        }

        private double Decayed(long now, long frequency) =>
            _value * Math.Pow(0.5, Math.Max(0, now - _at) / (double)frequency / HalfLifeSeconds);
    }
}
