namespace Rag.Metadata;

/// <summary>
/// Wakes whoever waits in this process; changes by other processes are found by polling. A wait registers before it
/// returns control, and a signal that came between a caller's read and its wait costs it at most one poll interval.
/// Thread-safe.
/// </summary>
internal sealed class ChangeSignals(TimeSpan pollInterval, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, TaskCompletionSource> _jobs = [];
    private TaskCompletionSource _work = NewSource();

    public Task WaitForWorkAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return WaitAsync(_work.Task, cancellationToken);
    }

    public Task WaitForJobAsync(Guid jobId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Entries stay until the next pulse of their job: bounded by jobs that are watched and unfinished.
            if (!_jobs.TryGetValue(jobId, out var source))
                _jobs.Add(jobId, source = NewSource());
            return WaitAsync(source.Task, cancellationToken);
        }
    }

    public void PulseWork()
    {
        TaskCompletionSource source;
        lock (_lock)
        {
            source = _work;
            _work = NewSource();
        }

        source.TrySetResult();
    }

    public void PulseJob(Guid jobId)
    {
        TaskCompletionSource? source;
        lock (_lock)
            _jobs.Remove(jobId, out source);
        source?.TrySetResult();
    }

    public void PulseAll()
    {
        TaskCompletionSource[] sources;
        lock (_lock)
        {
            sources = [.. _jobs.Values];
            _jobs.Clear();
        }

        foreach (var source in sources)
            source.TrySetResult();
        PulseWork();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task WaitAsync(Task signal, CancellationToken cancellationToken)
    {
        try
        {
            await signal.WaitAsync(pollInterval, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The poll interval is over: the caller looks for itself.
        }
    }
}
