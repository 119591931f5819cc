using System.Diagnostics.CodeAnalysis;

namespace Rag.Engine.Storage;

/// <summary>
/// Hands work to one thread of its own, which may wait for it. Bounded by who fills it. Thread-safe.
/// </summary>
internal sealed class WorkQueue<T>
    where T : class
{
    private readonly object _lock = new();
    private readonly Queue<T> _queue = [];
    private bool _closed;

    /// <summary>Adds work; false if the queue is closed.</summary>
    public bool TryAdd(T item)
    {
        lock (_lock)
        {
            if (_closed)
                return false;
            _queue.Enqueue(item);
            if (_queue.Count == 1)
                Monitor.Pulse(_lock);
            return true;
        }
    }

    /// <summary>Takes work that is there.</summary>
    public bool TryTake([NotNullWhen(true)] out T? item)
    {
        lock (_lock)
            return _queue.TryDequeue(out item);
    }

    /// <summary>Waits until there is work; false after the limit, or as soon as the queue is closed and empty.
    /// </summary>
    public bool Wait(TimeSpan limit)
    {
        lock (_lock)
        {
            if (_queue.Count == 0 && !_closed)
                Monitor.Wait(_lock, limit);
            return _queue.Count > 0;
        }
    }

    /// <summary>Takes no more work; what is there can still be taken.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            Monitor.PulseAll(_lock);
        }
    }

    public bool IsClosed
    {
        get
        {
            lock (_lock)
                return _closed;
        }
    }
}
