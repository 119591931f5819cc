using System.Diagnostics;

namespace Rag.Hosting.Overload;

/// <summary>
/// Where searches wait when a process has more of them than it can serve, and where those are refused for which there is no
/// hope. While threads are to be had at once it is two reads and a comparison. Else:
/// <code>
/// search ─► may it wait? ─► line of its workspace ─► a runner a core takes who is next ─► goes on, on that thread
///             │ no: refused before any work
/// </code>
/// Runners go to the back of the thread pool's queue after each search, so that reading and refusing calls goes on beside
/// the searches, and lines form here, where workspaces are told apart, and not in the pool. Where that queue has grown so
/// long that refusing would take all of the cores, a runner stays for several times as long as it waits there, and more may
/// wait here (J. Mogul and K. Ramakrishnan, "Eliminating Receive Livelock in an Interrupt-Driven Kernel", ACM TOCS 15(3),
/// 1997). Thread-safe.
/// </summary>
/// <typeparam name="TKey">What workspaces are told apart by.</typeparam>
public sealed class SearchDoor<TKey> : IThreadPoolWorkItem, IDisposable
    where TKey : notnull
{
    /// <summary>A wait for a thread that is this part of the target delay is none yet.</summary>
    private const int Unnoticed = 20;

    /// <summary>What runners serve for each part that they wait behind others, once these parts are long.</summary>
    private const int Stay = 4;

    private const int MaxSpare = 1024;

    private readonly OverloadOptions _options;
    private readonly OverloadMetrics _metrics;
    private readonly ISearchThreads _threads;
    private readonly FairQueue<TKey> _queue = new();
    private readonly QueueLimit _limit;
    private readonly Stack<Waiter> _spare = new();
    private readonly Lock _gate = new();
    private readonly long _unnoticed;
    private readonly int _maxRunners;
    private volatile int _queued;
    private int _runners;

    /// <param name="name">Whose door it is, for metrics.</param>
    /// <param name="threads">What searches run on; null: the thread pool.</param>
    public SearchDoor(OverloadOptions options, string name, ISearchThreads? threads = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _threads = threads ?? new PoolThreads();
        _maxRunners = Environment.ProcessorCount;
        _limit = new QueueLimit(options, _maxRunners);
        _unnoticed = (long)(options.TargetDelay.TotalSeconds * Stopwatch.Frequency / Unnoticed);
        _metrics = new OverloadMetrics(name, () => _queued);
    }

    /// <summary>A door that stands open: for those who have passed another one.</summary>
    public static SearchDoor<TKey> Open() => new(new OverloadOptions { Enabled = false }, "none");

    /// <summary>Searches that wait.</summary>
    public int Queued => _queued;

    /// <summary>Lets a search in, at once or when its turn comes, or refuses it. Never throws.</summary>
    /// <param name="key">Its workspace.</param>
    /// <param name="deadline">UTC.</param>
    /// <param name="token">Fires when the caller gives up; looked at when its turn comes.</param>
    public ValueTask<DoorAnswer> EnterAsync(TKey key, DateTime deadline, CancellationToken token)
    {
        return TryEnter()
            ? new ValueTask<DoorAnswer>(DoorAnswer.Admitted)
            : WaitAsync(key, deadline, token, _threads.Now);
    }

    /// <summary>Lets a search in if that can be at once; who gets false has to <see cref="EnterAsync"/>.</summary>
    public bool TryEnter()
    {
        if (!_options.Enabled)
            return true;
        if (_queued > 0 || _threads.Delay(_threads.Now) > _unnoticed)
            return false;
        _metrics.Entered();
        return true;
    }

    void IThreadPoolWorkItem.Execute()
    {
        var began = _threads.Now;
        var stay = Stay * Excess(began);
        var answer = DoorAnswer.Cancelled;
        // Those that nobody waits for any more cost no turn.
        while (answer != DoorAnswer.Admitted || (stay > 0 && _threads.Now - began < stay))
        {
            Waiter? next;
            lock (_gate)
            {
                next = Take();
                if (next is null)
                {
                    _runners--;
                    return;
                }
            }

            answer = next.Token.IsCancellationRequested ? DoorAnswer.Cancelled
                : next.Deadline <= DateTime.UtcNow ? DoorAnswer.Late
                : DoorAnswer.Admitted;
            _metrics.Left(answer, Stopwatch.GetElapsedTime(next.Since, _threads.Now));
            next.Complete(answer);
        }

        // Whatever else waits for a thread comes first.
        _threads.Queue(this);
    }

    /// <summary>Ends the metrics. Who waits is served all the same.</summary>
    public void Dispose() => _metrics.Dispose();

    private ValueTask<DoorAnswer> WaitAsync(TKey key, DateTime deadline, CancellationToken token, long now)
    {
        Waiter waiter;
        bool startsRunner;
        lock (_gate)
        {
            var refusal = Judge(key, deadline, now);
            if (refusal != DoorAnswer.Admitted)
            {
                _metrics.Refused(refusal);
                return new ValueTask<DoorAnswer>(refusal);
            }

            if (!_spare.TryPop(out waiter!))
                waiter = new Waiter(Recycle);
            (waiter.Since, waiter.Deadline, waiter.Token) = (now, deadline, token);
            if (_queue.Count == 0)
                _limit.Begin(now);
            _queue.Add(key, waiter);
            _queued = _queue.Count;
            startsRunner = _runners < _maxRunners;
            if (startsRunner)
                _runners++;
        }

        var task = waiter.Task;
        if (startsRunner)
            _threads.Queue(this);
        return task;
    }

    private DoorAnswer Judge(TKey key, DateTime deadline, long now)
    {
        var own = _queue.CountOf(key);
        if (_queue.Count >= _options.MaxQueued || own >= _options.MaxQueuedPerWorkspace)
            return DoorAnswer.Full;
        var lines = Math.Max(1, own == 0 ? _queue.Lines + 1 : _queue.Lines);
        var limit = _limit.At(now, Stay * Excess(now));
        // Each has a share; who is below it comes in although all shares together are used up: at most one a line more, or
        // twice the limit where lines are few.
        if (_queue.Count >= limit && own >= Math.Max(1, limit / lines))
            return DoorAnswer.Overloaded;
        if (_limit.Rate == 0)
            return DoorAnswer.Admitted;
        // One of each line is served before the next of this one.
        var before = Math.Min(_queue.Count, (long)own * lines);
        return DateTime.UtcNow.AddSeconds(Math.Min(before / _limit.Rate, 1e6)) >= deadline
            ? DoorAnswer.WouldBeLate
            : DoorAnswer.Admitted;
    }

    // How long work waits for a thread, where that is longer than searches should wait at all.
    private long Excess(long now) => _threads.Delay(now) is var delay && delay > _unnoticed * Unnoticed ? delay : 0;

    private Waiter? Take()
    {
        if (_queue.Take() is not { } next)
            return null;
        _queued = _queue.Count;
        _limit.Take(_threads.Now, isLast: _queue.Count == 0);
        return next;
    }

    private void Recycle(Waiter waiter)
    {
        lock (_gate)
        {
            if (_spare.Count < MaxSpare)
                _spare.Push(waiter);
        }
    }
}
