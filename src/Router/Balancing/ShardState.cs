using System.Collections.Concurrent;
using Rag.Router.Shards;

namespace Rag.Router.Balancing;

/// <summary>What a router knows of one shard from its own calls and probes. Thread-safe.</summary>
internal sealed class ShardState(string name, BalancingOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, LatencyWindow> _latencies = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private CancellationTokenSource _lost = new();
    private volatile ShardHealth _health;
    private int _calls;
    private int _writes;

    public string Name => name;

    public CircuitBreaker Breaker { get; } = new(options.BreakerFailures, options.BreakerOpenFor, time);

    public AppliedPositions Positions { get; } = new();

    /// <summary>Calls under way from this router.</summary>
    public int Outstanding => Volatile.Read(ref _calls);

    public int OutstandingWrites => Volatile.Read(ref _writes);

    public ShardHealth Health => _health;

    /// <summary>Fires when the shard is found to be lost: what is under way to it will not be answered.</summary>
    public CancellationToken Lost => Volatile.Read(ref _lost).Token;

    public LatencyWindow LatencyOf(string operation) =>
        _latencies.GetOrAdd(operation, static _ => new LatencyWindow());

    /// <summary>Whether it may be asked at all without a queue of ours growing.</summary>
    public bool HasRoom(OperationKind kind) => Outstanding < options.MaxShardCalls
        && (kind != OperationKind.Write || OutstandingWrites < options.MaxShardWrites);

    /// <summary>Counts a call. False, and nothing is counted: as many are under way as may be.</summary>
    public bool TryBegin(OperationKind kind)
    {
        if (Interlocked.Increment(ref _calls) > options.MaxShardCalls)
        {
            Interlocked.Decrement(ref _calls);
            return false;
        }

        if (kind == OperationKind.Write && Interlocked.Increment(ref _writes) > options.MaxShardWrites)
        {
            End(kind);
            return false;
        }

        return true;
    }

    public void End(OperationKind kind)
    {
        if (kind == OperationKind.Write)
            Interlocked.Decrement(ref _writes);
        Interlocked.Decrement(ref _calls);
    }

    /// <summary>What its health service said. A shard that becomes lost gives up what is under way to it.</summary>
    public void SetHealth(ShardHealth health)
    {
        CancellationTokenSource? lost = null;
        lock (_lock)
        {
            if (_health == health)
                return;
            if (health == ShardHealth.Lost)
                (lost, _lost) = (_lost, new CancellationTokenSource());
            _health = health;
        }

        lost?.Cancel();
    }
}

/// <summary>What probes say of a shard.</summary>
internal enum ShardHealth
{
    /// <summary>It serves, or nothing else is known.</summary>
    Serving,

    /// <summary>It answers, but wants no new calls: it stops or is not ready.</summary>
    NotServing,

    /// <summary>It does not answer.</summary>
    Lost,
}
