namespace Rag.Cli.Bench.Refine;

/// <summary>What <see cref="RefineBenchmark"/> does.</summary>
public sealed record RefineOptions
{
    /// <summary>Chunks of the workspace, 100 to 10,000,000: some hundred for each second of refinement.</summary>
    public int Chunks { get; init; } = 30_000;

    /// <summary>Words of a chunk, 1 to 1,000.</summary>
    public int Words { get; init; } = 80;

    /// <summary>Groups of three windows, 1 to 1,000.</summary>
    public int Windows { get; init; } = 7;

    /// <summary>Length of a window in seconds, 0.1 to 3,600.</summary>
    public double WindowSeconds { get; init; } = 20;

    /// <summary>Searches a second as a share of what is possible, above 0 and at most 1.</summary>
    public double Load { get; init; } = 0.3;

    /// <summary>Seed of the texts.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Whether the report is JSON.</summary>
    public bool Json { get; init; }

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public void Validate()
    {
        Check(Chunks is >= 100 and <= 10_000_000, "--chunks must be 100 to 10,000,000.");
        Check(Words is >= 1 and <= 1000, "--words must be 1 to 1,000.");
        Check(Windows is >= 1 and <= 1000, "--windows must be 1 to 1,000.");
        Check(WindowSeconds is >= 0.1 and <= 3600, "--window-seconds must be 0.1 to 3,600.");
        Check(Load is > 0 and <= 1, "--load must be above 0 and at most 1.");
    }

    private static void Check(bool fits, string message)
    {
        if (!fits)
            throw new ArgumentException(message);
    }
}
