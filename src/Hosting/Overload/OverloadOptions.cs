namespace Rag.Hosting.Overload;

/// <summary>When a process has more searches than it can serve, and what becomes of those above that.</summary>
public sealed record OverloadOptions
{
    /// <summary>Whether searches pass a door at all. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// How long searches may wait for their turn once more come than can be served. Longer: fewer are refused in a burst,
    /// and all are slower. Default 20 ms; 1 ms to 10 s.
    /// </summary>
    public TimeSpan TargetDelay { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// How long searches may wait for one another before that counts as too many: a shorter burst, or what came while the
    /// process stood still for a moment, is served whole. Default 500 ms; 1 ms to 10 s.
    /// </summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Searches that may wait, whatever else; some 2 KiB each with their call. Default 10,000; 1 to 1,000,000.</summary>
    public int MaxQueued { get; init; } = 10_000;

    /// <summary>Searches of one workspace that may wait. Default 2,000; 1 to 1,000,000.</summary>
    public int MaxQueuedPerWorkspace { get; init; } = 2_000;

    /// <summary>
    /// When refused callers are told to come again, on average: each is told between half of it and half more, so that they
    /// do not come together. Default 1 s; 1 ms to 1 h.
    /// </summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>When one of many that are refused together is told to come again.</summary>
    /// <param name="point">0 to 1: where between half of <see cref="RetryDelay"/> and half more.</param>
    public TimeSpan RetryDelayAt(double point) => RetryDelay * (0.5 + point);

    /// <summary>Every error of these options, each beginning with the option's name; empty if they are fit.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        Check(errors, nameof(TargetDelay), TargetDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10));
        Check(errors, nameof(Interval), Interval, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10));
        Check(errors, nameof(MaxQueued), MaxQueued, 1, 1_000_000);
        Check(errors, nameof(MaxQueuedPerWorkspace), MaxQueuedPerWorkspace, 1, 1_000_000);
        Check(errors, nameof(RetryDelay), RetryDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1));
        return errors;
    }

    private static void Check<T>(List<string> errors, string name, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
            errors.Add($"{name}: {value} is not between {least} and {most}.");
    }
}
