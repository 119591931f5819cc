namespace Rag.Engine.Storage;

/// <summary>
/// Lets records into the commit queue in the order in which they come, as long as those that are on their way take no
/// more than a number of bytes; the others wait outside. Thread-safe.
/// </summary>
internal sealed class AppendGate(WorkQueue<LogRequest> queue, long capacity)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<AppendRequest> _waiting = [];
    private long _used;

    /// <summary>Takes a request to the queue, or lets it wait. One larger than the whole capacity goes alone.</summary>
    public void Enter(AppendRequest request)
    {
        lock (_lock)
        {
            if (_waiting.Count == 0 && Fits(request))
                Admit(request);
            else
                _waiting.AddLast(request);
        }
    }

    /// <summary>Withdraws a request if no commit has claimed it yet.</summary>
    public void Withdraw(AppendRequest request, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            request.Withdraw(cancellationToken);
            if (_waiting.Remove(request))
                AdmitWaiting();
        }
    }

    /// <summary>Gives back what an ended request held.</summary>
    public void Leave(AppendRequest request)
    {
        lock (_lock)
        {
            if (!request.IsAdmitted)
                return;
            _used -= request.Cost;
            AdmitWaiting();
        }
    }

    private void AdmitWaiting()
    {
        while (_waiting.First is { } first && Fits(first.Value))
        {
            _waiting.RemoveFirst();
            Admit(first.Value);
        }
    }

    private void Admit(AppendRequest request)
    {
        request.IsAdmitted = true;
        _used += request.Cost;
        if (!queue.TryAdd(request))
            request.Fail(new StorageFaultException("The mutation log is closed."));
    }

    private bool Fits(AppendRequest request) => _used == 0 || _used + request.Cost <= capacity;
}
