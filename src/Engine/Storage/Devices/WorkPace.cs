using System.Diagnostics;

namespace Rag.Engine.Storage;

/// <summary>
/// Lets a thread that moves many bytes rest for five milliseconds after every 0.1 ms of work. A search that needs the
/// core waits that long at most, though the kernel lets whoever runs finish a slice of some milliseconds, and caches and
/// memory bandwidth stay with the searches; a snapshot of a million vectors (2.1 GB) takes a minute instead of three
/// seconds. Short work is not paced, and what has become urgent rests for a fifth of that. Not thread-safe.
/// </summary>
/// <param name="isUrgent">Whether it is; null: never.</param>
internal sealed class WorkPace(Func<bool>? isUrgent = null)
{
    /// <summary>Bytes that are moved before the first rest: small snapshots are over by then.</summary>
    public const long FreeBytes = 32L << 20;

    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(0.1);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan ShortRest = TimeSpan.FromMilliseconds(1);

    private long _moved;
    private long _since = Stopwatch.GetTimestamp();

    /// <summary>Call after some tens of kilobytes each.</summary>
    public void Note(long bytes)
    {
        _moved += bytes;
        if (_moved <= FreeBytes || Stopwatch.GetElapsedTime(_since) < Work)
            return;
        Thread.Sleep(isUrgent?.Invoke() == true ? ShortRest : Rest);
        _since = Stopwatch.GetTimestamp();
    }
}
