using System.Collections.Concurrent;
using System.Diagnostics;
using Rag.Hosting.Overload;

namespace Rag.Testing;

/// <summary>Threads that are busy, and run nothing, until they are released.</summary>
internal sealed class HeldThreads : ISearchThreads
{
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _held = new();
    private volatile bool _isReleased;

    public long Now => Stopwatch.GetTimestamp();

    public int Queued => _held.Count;

    public long Delay(long now) => _isReleased ? 0 : Stopwatch.Frequency;

    public void Queue(IThreadPoolWorkItem work)
    {
        _held.Enqueue(work);
        if (_isReleased)
            RunAll();
    }

    public void Release()
    {
        _isReleased = true;
        RunAll();
    }

    private void RunAll()
    {
        while (_held.TryDequeue(out var work))
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
    }
}
