namespace Rag.Engine.Storage;

/// <summary>
/// Bounds the bytes of records between their callers and the end of their application. Who comes when it is used up
/// waits, in order. Thread-safe.
/// </summary>
internal sealed class ByteBudget(long capacity)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = [];
    private long _used;

    /// <summary>Takes bytes; a request larger than the whole budget waits until nothing else is out.</summary>
    public ValueTask AcquireAsync(int bytes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_waiters.Count == 0 && Fits(bytes))
            {
                _used += bytes;
                return ValueTask.CompletedTask;
            }
            var waiter = new Waiter(bytes);
            var node = _waiters.AddLast(waiter);
            return new ValueTask(WaitAsync(node, cancellationToken));
        }
    }

    public void Release(int bytes)
    {
        lock (_lock)
        {
            _used -= bytes;
            Admit();
        }
    }

    private async Task WaitAsync(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.Register(() => Withdraw(node, cancellationToken));
        await node.Value.Admitted.Task;
    }

    private void Withdraw(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Admitted already if it is in no list any more.
            if (node.List is null)
                return;
            _waiters.Remove(node);
            node.Value.Admitted.TrySetCanceled(cancellationToken);
            Admit();
        }
    }

    private void Admit()
    {
        while (_waiters.First is { } first && Fits(first.Value.Bytes))
        {
            _waiters.RemoveFirst();
            _used += first.Value.Bytes;
            first.Value.Admitted.TrySetResult();
        }
    }

    private bool Fits(int bytes) => _used == 0 || _used + bytes <= capacity;

    private sealed record Waiter(int Bytes)
    {
        public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
