using System.Diagnostics;

namespace Rag.Cli.Bench;

/// <summary>
/// A thread that does nothing but wake every millisecond and note how late it is: what it sees, the machine or the
/// garbage collector has done and not the code that is measured. Also keeps the longest of the collector's pauses.
/// </summary>
internal sealed class StallWatch : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private readonly Thread _thread;
    private readonly TimeSpan _pausesBefore = GC.GetTotalPauseDuration();
    private readonly int _collectionsBefore = GC.CollectionCount(0);
    private volatile bool _stopping;

    public StallWatch()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "bench stall watch" };
        _thread.Start();
    }

    /// <summary>How late the thread woke. Read it after <see cref="Dispose"/>.</summary>
    public LatencyHistogram Lateness { get; } = new();

    /// <summary>The longest pause of the garbage collector that was seen.</summary>
    public TimeSpan LongestCollection { get; private set; }

    /// <summary>What the garbage collector paused in all since the watch began.</summary>
    public TimeSpan Collecting => GC.GetTotalPauseDuration() - _pausesBefore;

    /// <summary>Collections since the watch began.</summary>
    public int Collections => GC.CollectionCount(0) - _collectionsBefore;

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
    }

    private void Run()
    {
        var seen = GC.CollectionCount(0);
        while (!_stopping)
        {
            var before = Stopwatch.GetTimestamp();
            Thread.Sleep(Tick);
            Lateness.Add(Stopwatch.GetElapsedTime(before) - Tick);
            if (GC.CollectionCount(0) == seen)
                continue;
            seen = GC.CollectionCount(0);
            foreach (var pause in GC.GetGCMemoryInfo(GCKind.Any).PauseDurations)
            {
                if (pause > LongestCollection)
                    LongestCollection = pause;
            }
        }
    }
}
