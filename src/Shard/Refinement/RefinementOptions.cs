namespace Rag.Shard.Refinement;

/// <summary>How a shard refines vectors in the background.</summary>
public sealed record RefinementOptions
{
    /// <summary>Whether it does. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Most of the machine's cores that it keeps busy, above 0 and at most 1. Default 0.5.</summary>
    public double MaxCpuShare { get; init; } = 0.5;

    /// <summary>
    /// Chunks embedded and written at a time for each worker of the background, 1 to 256. Default 2, so that linking what is
    /// written takes a core a millisecond at a time and not four; some 64 suit a GPU.
    /// </summary>
    public int BatchChunks { get; init; } = 2;

    /// <summary>
    /// How many times as long as it had a core it rests where searches began meanwhile, 0 to 100, but not for longer than
    /// <see cref="Patience"/>. Default 7, some 12 chunks a second and core: the slowest searches are those that meet a batch,
    /// though it gives way at once to a thread that wakes. One that has run for its slice of some milliseconds, or yields, is
    /// stopped beside a batch until the next tick of the system's clock, and so few searches must meet one at all.
    /// </summary>
    public double RestBesideSearches { get; init; } = 7;

    /// <summary>Chunks of one workspace after which another may have its turn, 1 to 100,000. Default 256.</summary>
    public int TurnChunks { get; init; } = 256;

    /// <summary>How often it looks whether there is something to do, 10 ms to 1 h. Default 2 s.</summary>
    public TimeSpan LookInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long it waits for a moment without searches before it does a batch all the same, so that it ends under a
    /// steady load; 0 to 1 min. Default 1 s.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Every error of these options, each beginning with the option's name; empty if they are fit.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (!(MaxCpuShare > 0 && MaxCpuShare <= 1))
            errors.Add($"{nameof(MaxCpuShare)} must be above 0 and at most 1.");
        if (!(RestBesideSearches is >= 0 and <= 100))
            errors.Add($"{nameof(RestBesideSearches)} must be 0 to 100.");
        if (BatchChunks is < 1 or > 256)
            errors.Add($"{nameof(BatchChunks)} must be 1 to 256.");
        if (TurnChunks is < 1 or > 100_000)
            errors.Add($"{nameof(TurnChunks)} must be 1 to 100,000.");
        if (LookInterval < TimeSpan.FromMilliseconds(10) || LookInterval > TimeSpan.FromHours(1))
            errors.Add($"{nameof(LookInterval)} must be 10 ms to 1 h.");
        if (Patience < TimeSpan.Zero || Patience > TimeSpan.FromMinutes(1))
            errors.Add($"{nameof(Patience)} must be 0 to 1 min.");
        return errors;
    }
}
