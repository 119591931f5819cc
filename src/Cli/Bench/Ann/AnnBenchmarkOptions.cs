using Rag.Cli.Bench.Ann.Filtered;
using Rag.Cli.Bench.Peers;
using Rag.Engine.Indexing;

namespace Rag.Cli.Bench.Ann;

/// <summary>What <c>rag bench ann</c> measures.</summary>
internal sealed record AnnBenchmarkOptions
{
    /// <summary>Vectors to index: fbin (int32 count, int32 dimension, float32 rows).</summary>
    public required string BasePath { get; init; }

    /// <summary>Queries: fbin of the same dimension.</summary>
    public required string QueriesPath { get; init; }

    /// <summary>True neighbours: ibin (int32 count, int32 per query, int32 ids, best first); computed if null.</summary>
    public string? TruthPath { get; init; }

    /// <summary>How vectors are compared; inner product by default.</summary>
    public Metric Metric { get; init; } = Metric.InnerProduct;

    /// <summary>Hits a query asks for, 1…1,000; 10 by default.</summary>
    public int K { get; init; } = 10;

    /// <summary>Recall targets, each above 0 and at most 1.</summary>
    public IReadOnlyList<double> Targets { get; init; } = [0.90, 0.95, 0.99];

    /// <summary>Recall targets to search by, as users do, each from 0.5 to 1; none by default.</summary>
    public IReadOnlyList<double> RecallTargets { get; init; } = [];

    /// <summary>Shares of rows that filters accept, each above 0 and at most 1; none by default.</summary>
    public IReadOnlyList<double> FilterSelectivities { get; init; } = [];

    /// <summary>How what they accept lies to the queries.</summary>
    public IReadOnlyList<FilterKind> FilterKinds { get; init; } = Enum.GetValues<FilterKind>();

    /// <summary>Search threads, 1…256; with several, what they gain over one is measured too.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Threads that build; as many as search if null.</summary>
    public int? BuildThreads { get; init; }

    /// <summary>Form in which vectors are traversed.</summary>
    public VectorCodec Codec { get; init; } = VectorCodec.Int8;

    /// <summary>Edges a node has in the upper layers, twice as many in the lowest.</summary>
    public int M { get; init; } = 16;

    /// <summary>Candidates considered when a row is linked.</summary>
    public int EfConstruction { get; init; } = 200;

    /// <summary>Timed passes over the queries for each target, 1…100; their median counts.</summary>
    public int Repeats { get; init; } = 5;

    /// <summary>Passes are repeated within a measurement until they last so long; half a second by default.</summary>
    public TimeSpan ShortestPass { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Other libraries to compare with, in this order.</summary>
    public IReadOnlyList<AnnPeer> Peers { get; init; } = [];

    /// <summary>Where to write a plot of speed over recall, as SVG; none if null.</summary>
    public string? PlotPath { get; init; }

    /// <summary>Whether to print one JSON object instead of a table.</summary>
    public bool Json { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">Names all that are out of range.</exception>
    public void Validate()
    {
        var errors = new List<string>();
        if (K is < 1 or > 1000)
            errors.Add($"--k must be 1…1000, not {K}");
        if (Targets.Count == 0 || Targets.Any(t => t is not (> 0 and <= 1)))
            errors.Add("--targets must be numbers above 0 and at most 1, separated by commas");
        if (RecallTargets.Any(t => t is not (>= 0.5 and <= 1)))
            errors.Add("--recall-targets must be numbers from 0.5 to 1, separated by commas");
        if (FilterSelectivities.Any(share => share is not (> 0 and <= 1)))
            errors.Add("--filter-selectivity must be numbers above 0 and at most 1, separated by commas");
        if (Threads is < 1 or > 256)
            errors.Add($"--threads must be 1…256, not {Threads}");
        if (BuildThreads is < 1 or > 256)
            errors.Add($"--build-threads must be 1…256, not {BuildThreads}");
        if (Repeats is < 1 or > 100)
            errors.Add($"--repeats must be 1…100, not {Repeats}");
        if (errors.Count > 0)
            throw new ArgumentException(string.Join("; ", errors) + ".");
    }
}
