namespace Rag.Hosting.Overload;

/// <summary>Where searches run, and by which clock: the thread pool, or what a test has in its place. Thread-safe.</summary>
public interface ISearchThreads
{
    /// <summary>The time, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    long Now { get; }

    /// <summary>How long new work waits for a thread, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    /// <param name="now">On the same clock.</param>
    long Delay(long now);

    /// <summary>Puts work behind all that waits.</summary>
    void Queue(IThreadPoolWorkItem work);
}
