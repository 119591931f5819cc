namespace Rag.Cli.Bench.Start;

/// <summary>What <c>rag bench start</c> does.</summary>
public sealed record StartOptions
{
    /// <summary>Vectors in the store, 100…100 million; 1 million by default.</summary>
    public int Vectors { get; init; } = 1_000_000;

    /// <summary>Components of a vector, 2…4,096.</summary>
    public int Dim { get; init; } = 384;

    /// <summary>Seed of the vectors.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Folder of the store: made if it is missing, reused if it holds such a store; null for one that is
    /// deleted at the end.</summary>
    public string? Folder { get; init; }

    /// <summary>Threads that build the graph, 1…64; one a core by default.</summary>
    public int BuildThreads { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 64);

    /// <summary>Groups of windows without, without and with a checkpoint, 0…1,000; 7 by default, 0 for none.</summary>
    public int Windows { get; init; } = 7;

    /// <summary>Length of a window in seconds, 0.2…600; 20 by default.</summary>
    public double WindowSeconds { get; init; } = 20;

    /// <summary>Searches a second as a share of what the machine can do, above 0 and below 1; 0.3 by default.</summary>
    public double Load { get; init; } = 0.3;

    /// <summary>Upserts a second beside the searches, 1…100,000; 100 by default.</summary>
    public int WriteRate { get; init; } = 100;

    /// <summary>Whether to print one JSON object instead of text.</summary>
    public bool Json { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">Names all that are out of range.</exception>
    public void Validate()
    {
        var errors = new List<string>();
        if (Vectors is < 100 or > 100_000_000)
            errors.Add($"--vectors must be 100…100000000, not {Vectors}");
        if (Dim is < 2 or > Engine.StoreLimits.MaxDimension)
            errors.Add($"--dim must be 2…{Engine.StoreLimits.MaxDimension}, not {Dim}");
        if (BuildThreads is < 1 or > 64)
            errors.Add($"--build-threads must be 1…64, not {BuildThreads}");
        if (Windows is < 0 or > 1000)
            errors.Add($"--windows must be 0…1000, not {Windows}");
        if (WindowSeconds is not (>= 0.2 and <= 600))
            errors.Add($"--window-seconds must be 0.2…600, not {WindowSeconds}");
        if (Load is not (> 0 and < 1))
            errors.Add($"--load must be above 0 and below 1, not {Load}");
        if (WriteRate is < 1 or > 100_000)
            errors.Add($"--write-rate must be 1…100000, not {WriteRate}");
        if (errors.Count > 0)
            throw new ArgumentException(string.Join("; ", errors) + ".");
    }
}
