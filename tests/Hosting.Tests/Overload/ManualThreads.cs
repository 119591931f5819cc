using System.Diagnostics;
using Rag.Hosting.Overload;

namespace Rag.Hosting.Tests.Overload;

/// <summary>Threads that run what is queued when a test says so, and a clock that it moves. One test's.</summary>
internal sealed class ManualThreads : ISearchThreads
{
    private readonly Queue<IThreadPoolWorkItem> _queued = new();
    private long _now = Stopwatch.Frequency;

    public long Now => _now;

    /// <summary>Whether new work waits for a thread.</summary>
    public bool AreBusy { get; set; } = true;

    public int Queued => _queued.Count;

    /// <summary>How long it waits where they are busy. Default 2 ms.</summary>
    public TimeSpan BusyDelay { get; set; } = TimeSpan.FromMilliseconds(2);

    public long Delay(long now) => AreBusy ? (long)(BusyDelay.TotalSeconds * Stopwatch.Frequency) : 0;

    public void Queue(IThreadPoolWorkItem work) => _queued.Enqueue(work);

    public void Pass(TimeSpan time) => _now += (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Runs the oldest; false where there is none.</summary>
    public bool RunOne()
    {
        if (!_queued.TryDequeue(out var work))
            return false;
        work.Execute();
        return true;
    }
}
