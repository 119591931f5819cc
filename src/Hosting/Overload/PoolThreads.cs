using System.Diagnostics;

namespace Rag.Hosting.Overload;

/// <summary>
/// The thread pool. How long new work waits there is measured by an item that is put behind what waits, at most once a
/// millisecond and only while somebody asks. Asking takes two reads and allocates nothing. Thread-safe.
/// </summary>
internal sealed class PoolThreads : ISearchThreads, IThreadPoolWorkItem
{
    private static readonly long Pause = Stopwatch.Frequency / 1000;

    /// <summary>What was measured longer ago says nothing of now.</summary>
    private static readonly long Stale = Stopwatch.Frequency / 10;

    private long _sentAt; // 0: none is under way
    private long _measuredAt;
    private long _delay;

    public long Now => Stopwatch.GetTimestamp();

    public long Delay(long now)
    {
        var sentAt = Volatile.Read(ref _sentAt);
        // One that waits longer than the last one did knows better.
        if (sentAt != 0)
            return Math.Max(now - sentAt, Volatile.Read(ref _delay));
        var age = now - Volatile.Read(ref _measuredAt);
        if (age > Pause && Interlocked.CompareExchange(ref _sentAt, now, 0) == 0)
            Queue(this);
        return age > Stale ? 0 : Volatile.Read(ref _delay);
    }

    public void Queue(IThreadPoolWorkItem work) => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);

    public void Execute()
    {
        var now = Stopwatch.GetTimestamp();
        Volatile.Write(ref _delay, now - Volatile.Read(ref _sentAt));
        Volatile.Write(ref _measuredAt, now);
        Volatile.Write(ref _sentAt, 0);
    }
}
