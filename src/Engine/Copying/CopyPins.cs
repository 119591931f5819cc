namespace Rag.Engine;

/// <summary>
/// Copies under way, out of this store or into it: while there are any, the chunk log gives up no segment, so that every
/// place that a copy names stays readable. Thread-safe.
/// </summary>
internal sealed class CopyPins
{
    private int _count;

    public bool Any => Volatile.Read(ref _count) > 0;

    /// <summary>Holds the chunk log until it is disposed.</summary>
    public IDisposable Hold()
    {
        Interlocked.Increment(ref _count);
        return new Pin(this);
    }

    private sealed class Pin(CopyPins pins) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
                Interlocked.Decrement(ref pins._count);
        }
    }
}
