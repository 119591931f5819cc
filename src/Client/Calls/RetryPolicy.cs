namespace Rag.Client;

/// <summary>
/// Repeats a call that found nobody (UNAVAILABLE), or that was told when to come again (RESOURCE_EXHAUSTED with a retry
/// delay). Every write carries a request id, so a repetition never happens twice.
/// </summary>
public sealed class RetryPolicy
{
    /// <summary>Tries in all, 1 to 20; 1 repeats nothing. Default 5.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>Pause before the first repetition; it doubles each time. Default 100 ms.</summary>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause. Default 5 s.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(5);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxAttempts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxAttempts, 20);
        ArgumentOutOfRangeException.ThrowIfLessThan(InitialBackoff, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBackoff, InitialBackoff);
    }

    /// <summary>
    /// The pause after a failed try, from 1, or null to give up. Somewhere in the upper half of the step, so that callers
    /// that failed together do not come back together.
    /// </summary>
    internal TimeSpan? PauseAfter(int attempt, RagException failure, double random)
    {
        if (attempt >= MaxAttempts || !failure.IsTransient)
            return null;
        var step = Math.Min(InitialBackoff.TotalMilliseconds * Math.Pow(2, attempt - 1), MaxBackoff.TotalMilliseconds);
        var pause = TimeSpan.FromMilliseconds(step * (0.5 + random / 2));
        return failure.RetryDelay is { } asked && asked > pause ? asked : pause;
    }
}
