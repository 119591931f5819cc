namespace Rag.Router.Balancing;

/// <summary>
/// Bounds what is done beyond the load that callers make: each call pays in a share of a token, each extra request
/// takes a whole one. So extra load is at most that share of all load plus what the bucket holds. Thread-safe, lock-free.
/// </summary>
internal sealed class TokenBudget(double share, int capacity)
{
    private const int Unit = 1000;

    private readonly long _paidIn = (long)(share * Unit);
    private readonly long _most = (long)capacity * Unit;
    private long _level = share > 0 ? (long)capacity * Unit : 0;

    /// <summary>Pays in for one call.</summary>
    public void Deposit()
    {
        var level = Volatile.Read(ref _level);
        // Full nearly always: then nothing is written, and processors do not contend. A lost race costs one deposit.
        if (level < _most)
            Interlocked.CompareExchange(ref _level, Math.Min(_most, level + _paidIn), level);
    }

    public bool TryTake()
    {
        while (true)
        {
            var level = Volatile.Read(ref _level);
            if (level < Unit)
                return false;
            if (Interlocked.CompareExchange(ref _level, level - Unit, level) == level)
                return true;
        }
    }
}
