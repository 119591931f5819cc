namespace Rag.Router.Balancing;

/// <summary>
/// Keeps calls away from a shard that fails. Thread-safe; without failures nothing is locked.
/// <code>
///            n failures in a row                     its time is over: one call
///   closed ─────────────────────► open ───────────────────────────────► half-open
///     ▲                            ▲   failure: open twice as long         │
///     │                            └───────────────────────────────────────┤
///     └───────────────────────────────── success ──────────────────────────┘
/// </code>
/// </summary>
internal sealed class CircuitBreaker(int failures, TimeSpan openFor, TimeProvider time)
{
    private const int MostDoublings = 10;

    private readonly Lock _lock = new();
    private volatile BreakerState _state;
    private volatile int _failuresInRow;
    private int _timesOpened;
    private long _openedAt;
    private TimeSpan _openFor;

    public BreakerState State => _state;

    /// <summary>Whether a call may go through now: it is closed, or it is time for the one that tries.</summary>
    public bool MayEnter
    {
        get
        {
            if (_state == BreakerState.Closed)
                return true;
            lock (_lock)
                return _state == BreakerState.Closed || IsTimeToTry;
        }
    }

    private bool IsTimeToTry => _state == BreakerState.Open && time.GetElapsedTime(_openedAt) >= _openFor;

    /// <summary>Lets a call through; of an open breaker whose time is over only the first.</summary>
    public bool TryEnter()
    {
        if (_state == BreakerState.Closed)
            return true;
        lock (_lock)
        {
            if (_state == BreakerState.Closed)
                return true;
            if (!IsTimeToTry)
                return false;
            _state = BreakerState.HalfOpen;
            return true;
        }
    }

    public void Succeeded()
    {
        if (_state == BreakerState.Closed && _failuresInRow == 0)
            return;
        lock (_lock)
        {
            _state = BreakerState.Closed;
            _failuresInRow = 0;
            _timesOpened = 0;
        }
    }

    public void Failed()
    {
        lock (_lock)
        {
            _failuresInRow++;
            // Calls that were under way when it opened say nothing new.
            if (_state == BreakerState.Open || (_state == BreakerState.Closed && _failuresInRow < failures))
                return;
            _state = BreakerState.Open;
            _openedAt = time.GetTimestamp();
            _openFor = TimeSpan.FromTicks(Math.Min(openFor.Ticks << _timesOpened, openFor.Ticks * MostDoublings));
            _timesOpened = Math.Min(_timesOpened + 1, MostDoublings);
        }
    }

    /// <summary>The call that tried ended without saying anything of the shard: another one tries.</summary>
    public void Abandoned()
    {
        if (_state != BreakerState.HalfOpen)
            return;
        lock (_lock)
        {
            if (_state == BreakerState.HalfOpen)
                _state = BreakerState.Open;
        }
    }
}

/// <summary>What a breaker does with calls.</summary>
internal enum BreakerState
{
    /// <summary>All go through.</summary>
    Closed,

    /// <summary>One is trying the shard.</summary>
    HalfOpen,

    /// <summary>None goes through.</summary>
    Open,
}
