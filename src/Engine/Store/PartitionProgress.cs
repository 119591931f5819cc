namespace Rag.Engine;

/// <summary>How far each partition has been applied, and who waits for it. Thread-safe.</summary>
internal sealed class PartitionProgress
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, WriteStamp> _stamps = [];
    private readonly List<(int Partition, WriteStamp Stamp, TaskCompletionSource Reached)> _waiting = [];

    public WriteStamp this[int partition]
    {
        get
        {
            lock (_lock)
                return _stamps.GetValueOrDefault(partition);
        }
    }

    /// <summary>A copy of all.</summary>
    public KeyValuePair<int, WriteStamp>[] List()
    {
        lock (_lock)
            return [.. _stamps];
    }

    public void Advance(int partition, WriteStamp stamp)
    {
        lock (_lock)
        {
            if (stamp <= _stamps.GetValueOrDefault(partition))
                return;
            _stamps[partition] = stamp;
            for (var i = _waiting.Count - 1; i >= 0; i--)
            {
                var waiting = _waiting[i];
                if (waiting.Partition != partition || waiting.Stamp > stamp)
                    continue;
                _waiting.RemoveAt(i);
                waiting.Reached.TrySetResult();
            }
        }
    }

    /// <summary>Sets a partition back: what came behind this place does not count any more.</summary>
    public void Reset(int partition, WriteStamp stamp)
    {
        lock (_lock)
            _stamps[partition] = stamp;
    }

    public ValueTask WaitAsync(int partition, WriteStamp stamp, CancellationToken cancellationToken)
    {
        TaskCompletionSource reached;
        lock (_lock)
        {
            if (stamp <= _stamps.GetValueOrDefault(partition))
                return ValueTask.CompletedTask;
            reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((partition, stamp, reached));
        }

        return new ValueTask(WaitAsync(reached, cancellationToken));
    }

    private async Task WaitAsync(TaskCompletionSource reached, CancellationToken cancellationToken)
    {
        try
        {
            await reached.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_lock)
                _waiting.RemoveAll(waiting => waiting.Reached == reached);
        }
    }
}
