using System.Diagnostics;

namespace Rag.Engine.Storage;

/// <summary>
/// Lets a thread that moves many bytes rest as long as it works, a few milliseconds each: what it takes of caches and
/// memory bandwidth is felt half as often by searches beside it. Short work is not paced. Not thread-safe.
/// </summary>
internal sealed class WorkPace
{
    /// <summary>Bytes that are moved before the first rest: small snapshots are over by then.</summary>
    public const long FreeBytes = 32L << 20;

    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(8);

    private long _moved;
    private long _since = Stopwatch.GetTimestamp();

    /// <summary>Call after some tens of kilobytes each.</summary>
    public void Note(long bytes)
    {
        _moved += bytes;
        if (_moved <= FreeBytes || Stopwatch.GetElapsedTime(_since) is var worked && worked < Work)
            return;
        Thread.Sleep(worked < LongestRest ? worked : LongestRest);
        _since = Stopwatch.GetTimestamp();
    }
}
