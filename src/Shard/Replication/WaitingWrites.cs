using Rag.Engine.Storage;

namespace Rag.Shard.Replication;

/// <summary>Writes that this shard accepted and that have not come back yet. Thread-safe.</summary>
internal sealed class WaitingWrites
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(SliceId Slice, Guid Id), Waiting> _waiting = [];

    /// <summary>Ends when the mutation has been applied here; to be given back with <see cref="Leave"/>.</summary>
    public Task Enter(SliceId slice, Guid id)
    {
        lock (_lock)
        {
            if (!_waiting.TryGetValue((slice, id), out var waiting))
                _waiting[(slice, id)] = waiting = new Waiting();
            waiting.Count++;
            return waiting.Applied.Task;
        }
    }

    public void Leave(SliceId slice, Guid id, Task applied)
    {
        lock (_lock)
        {
            if (_waiting.TryGetValue((slice, id), out var waiting) && waiting.Applied.Task == applied
                && --waiting.Count == 0)
                _waiting.Remove((slice, id));
        }
    }

    public void Complete(SliceId slice, Guid id)
    {
        lock (_lock)
        {
            if (_waiting.Remove((slice, id), out var waiting))
                waiting.Applied.TrySetResult();
        }
    }

    /// <summary>The store cannot take them.</summary>
    public void FailAll(Exception exception)
    {
        lock (_lock)
        {
            foreach (var waiting in _waiting.Values)
                waiting.Applied.TrySetException(exception);
            _waiting.Clear();
        }
    }

    private sealed class Waiting
    {
        public TaskCompletionSource Applied { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Count;
    }
}
