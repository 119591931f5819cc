namespace Rag.Shard.Replicas;

/// <summary>Lets so many bytes pass in a second, for all copies together, in the order of the calls. Thread-safe.</summary>
internal sealed class CopyThrottle(long bytesPerSecond, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly long _began = time.GetTimestamp();
    private TimeSpan _free;

    /// <summary>Waits until these bytes may pass.</summary>
    public Task TakeAsync(int bytes, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetElapsedTime(_began);
            wait = _free > now ? _free - now : TimeSpan.Zero;
            _free = (_free > now ? _free : now) + TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
        }

        // Timers are no finer than that: what is owed is waited for with the next block.
        return wait < TimeSpan.FromMilliseconds(2) ? Task.CompletedTask : Task.Delay(wait, time, cancellationToken);
    }
}
