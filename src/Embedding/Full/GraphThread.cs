using System.Runtime.ExceptionServices;

namespace Rag.Embedding.Full;

/// <summary>
/// A thread that computes what another one has prepared, at a priority of its own, and does nothing else. A thread that has
/// only what is left of the processor may be kept from it for seconds by other processes, in the middle of anything: it must
/// not hold a lock that queries need, nor be in code that a collection of garbage waits for. What remains of that are the
/// microseconds in which it takes a run and gives it back, and locks inside of the model's library (its memory's).
/// Used by one other thread.
/// </summary>
internal sealed class GraphThread
{
    private readonly object _gate = new();
    private readonly Action _setPriority;
    private readonly Func<TimeSpan> _clock;
    private ITransformerRun? _run;
    private ExceptionDispatchInfo? _error;
    private TimeSpan _used;
    private bool _isLeft;
    private bool _closed;

    /// <param name="setPriority">Called on the thread, first of all.</param>
    /// <param name="clock">What its work is measured by; called on the thread.</param>
    public GraphThread(Action setPriority, Func<TimeSpan> clock)
    {
        (_setPriority, _clock) = (setPriority, clock);
        Ended = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Ends when the thread is closed and has nothing in hand.</summary>
    public Task Ended { get; }

    /// <summary>Whether it has a run in hand still that nobody waits for any more.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_gate)
                return _run is not null;
        }
    }

    /// <summary>Has a run computed. The thread must not be busy.</summary>
    /// <param name="run">The run; the caller's again afterwards, unless the answer is false.</param>
    /// <param name="patience">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="used">By the clock.</param>
    /// <returns>False when it was not done in time: the thread keeps the run, and disposes it one day.</returns>
    /// <exception cref="Exception">What the run threw.</exception>
    public bool TryCompute(ITransformerRun run, TimeSpan patience, out TimeSpan used)
    {
        var began = TimeProvider.System.GetTimestamp();
        lock (_gate)
        {
            (_run, _error, _isLeft) = (run, null, false);
            Monitor.PulseAll(_gate);
            while (_run is not null)
            {
                var left = patience == Timeout.InfiniteTimeSpan ? patience : patience - TimeProvider.System.GetElapsedTime(began);
                if (left <= TimeSpan.Zero && left != Timeout.InfiniteTimeSpan)
                {
                    _isLeft = true;
                    run.Stop();
                    used = default;
                    return false;
                }

                Monitor.Wait(_gate, left);
            }

            used = _used;
        }

        _error?.Throw();
        return true;
    }

    /// <summary>Lets the thread end when it has done what it has in hand.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Work()
    {
        _setPriority();
        while (Take() is { } run)
        {
            var began = _clock();
            ExceptionDispatchInfo? error = null;
            try
            {
                run.Compute();
            }
            catch (Exception fault)
            {
                error = ExceptionDispatchInfo.Capture(fault);
            }

            GiveBack(run, error, _clock() - began);
        }
    }

    private ITransformerRun? Take()
    {
        lock (_gate)
        {
            while (_run is null && !_closed)
                Monitor.Wait(_gate);
            return _run;
        }
    }

    private void GiveBack(ITransformerRun run, ExceptionDispatchInfo? error, TimeSpan used)
    {
        bool isLeft;
        lock (_gate)
        {
            (_run, _error, _used, isLeft) = (null, error, used, _isLeft);
            Monitor.PulseAll(_gate);
        }

        if (isLeft)
            run.Dispose();
    }
}
