namespace Rag.Router.Balancing;

/// <summary>How a router chooses between replicas, tries again and gives up; checked when it starts.</summary>
public sealed record BalancingOptions
{
    /// <summary>
    /// Share of reads that may be sent to a second replica as well when the first one is slow. Default 0.05; 0 (never)
    /// to 0.5.
    /// </summary>
    public double HedgeRatio { get; init; } = 0.05;

    /// <summary>Second requests that may go out at once, beyond the share. Default 20; 1 to 10,000.</summary>
    public int HedgeBurst { get; init; } = 20;

    /// <summary>
    /// A second request never goes out earlier than this, however fast the shard usually is. Default 2 ms; 0 to 10 s.
    /// </summary>
    public TimeSpan HedgeMinDelay { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>
    /// A second request goes out no later than this, also before a shard's usual latency is known. Default 1 s; 1 ms to
    /// 1 min.
    /// </summary>
    public TimeSpan HedgeMaxDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Repeated calls as a share of all calls. Default 0.2; 0.01 to 1.</summary>
    public double RetryRatio { get; init; } = 0.2;

    /// <summary>
    /// Repeated calls that may go out at once, beyond the share: what is under way to a shard that dies is repeated at
    /// the same moment. Default 1,000; 1 to 100,000.
    /// </summary>
    public int RetryBurst { get; init; } = 1000;

    /// <summary>Most tries of one call, the first included. Default 4; 1 to 16.</summary>
    public int MaxAttempts { get; init; } = 4;

    /// <summary>
    /// Wait before the second try of a replica that has failed already; doubles with each further try, with jitter.
    /// Another replica is tried at once. Default 10 ms; 1 ms to 10 s.
    /// </summary>
    public TimeSpan FirstBackOff { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Failures in a row after which a shard is no longer asked. Default 3; 1 to 1,000.</summary>
    public int BreakerFailures { get; init; } = 3;

    /// <summary>
    /// How long a shard is not asked before one call tries it again; doubles with each vain try up to ten times as
    /// long. Default 1 s; 1 ms to 1 min.
    /// </summary>
    public TimeSpan BreakerOpenFor { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A read that takes longer counts as a failure of its shard. Default 2 s; 10 ms to 10 min.</summary>
    public TimeSpan SlowRead { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How often each shard's gRPC health service is asked. Default 500 ms; 10 ms to 1 min. A shard that does not
    /// answer twice in a row is lost: what is under way to it goes to another replica.
    /// </summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a health answer may take. Default 500 ms; 10 ms to 1 min.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Calls to one shard at a time; beyond it RESOURCE_EXHAUSTED. Default 2,048; 1 to 1,000,000.</summary>
    public int MaxShardCalls { get; init; } = 2048;

    /// <summary>Of these, writes. Default 512; 1 to 1,000,000.</summary>
    public int MaxShardWrites { get; init; } = 512;

    /// <summary>Every error of these options, each beginning with the option's name; empty if they are fit.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        Check(errors, nameof(HedgeRatio), HedgeRatio, 0, 0.5);
        Check(errors, nameof(HedgeBurst), HedgeBurst, 1, 10_000);
        Check(errors, nameof(HedgeMinDelay), HedgeMinDelay, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Check(errors, nameof(HedgeMaxDelay), HedgeMaxDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        Check(errors, nameof(RetryRatio), RetryRatio, 0.01, 1);
        Check(errors, nameof(RetryBurst), RetryBurst, 1, 100_000);
        Check(errors, nameof(MaxAttempts), MaxAttempts, 1, 16);
        Check(errors, nameof(FirstBackOff), FirstBackOff, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10));
        Check(errors, nameof(BreakerFailures), BreakerFailures, 1, 1000);
        Check(errors, nameof(BreakerOpenFor), BreakerOpenFor, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        Check(errors, nameof(SlowRead), SlowRead, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10));
        Check(errors, nameof(ProbeInterval), ProbeInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        Check(errors, nameof(ProbeTimeout), ProbeTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        Check(errors, nameof(MaxShardCalls), MaxShardCalls, 1, 1_000_000);
        Check(errors, nameof(MaxShardWrites), MaxShardWrites, 1, 1_000_000);
        if (HedgeMinDelay > HedgeMaxDelay)
            errors.Add($"{nameof(HedgeMinDelay)}: {HedgeMinDelay} is above {nameof(HedgeMaxDelay)}.");
        return errors;
    }

    private static void Check<T>(List<string> errors, string name, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
            errors.Add($"{name}: {value} is not between {least} and {most}.");
    }
}
