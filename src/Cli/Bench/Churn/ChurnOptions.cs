using Rag.Engine.Indexing;

namespace Rag.Cli.Bench.Churn;

/// <summary>What <c>rag bench churn</c> does.</summary>
public sealed record ChurnOptions
{
    /// <summary>Vectors: fbin. The first half is indexed, the second takes its place.</summary>
    public required string BasePath { get; init; }

    /// <summary>Queries: fbin of the same dimension.</summary>
    public required string QueriesPath { get; init; }

    /// <summary>How vectors are compared; inner product by default.</summary>
    public Metric Metric { get; init; } = Metric.InnerProduct;

    /// <summary>Form in which vectors are traversed.</summary>
    public VectorCodec Codec { get; init; } = VectorCodec.Int8;

    /// <summary>Rounds in which everything is replaced, 1…1,000; 20 by default.</summary>
    public int Rounds { get; init; } = 20;

    /// <summary>Vectors of a write in every second round, 1…1,000; the other rounds write singly.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Threads that search meanwhile, 1…64.</summary>
    public int Searchers { get; init; } = 1;

    /// <summary>Vectors read from the file, 40 or more; 0 for all.</summary>
    public int Limit { get; init; }

    /// <summary>Threads of the first and the fresh build, 1…256.</summary>
    public int BuildThreads { get; init; } = 2;

    /// <summary>Efforts at which recall of ten is compared, 10…100,000 each.</summary>
    public IReadOnlyList<int> Efforts { get; init; } = [16, 32, 64, 128, 256];

    /// <summary>Queries that recall is measured with; fewer if the file has fewer.</summary>
    public int RecallQueries { get; init; } = 1000;

    /// <summary>Edges a node has in the upper layers, twice as many in the lowest.</summary>
    public int M { get; init; } = 16;

    /// <summary>Candidates considered when a row is linked.</summary>
    public int EfConstruction { get; init; } = 200;

    /// <summary>Seed of the order in which vectors go and come.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Whether to print one JSON object instead of tables.</summary>
    public bool Json { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">Names all that are out of range.</exception>
    public void Validate()
    {
        var errors = new List<string>();
        if (Rounds is < 1 or > 1000)
            errors.Add($"--rounds must be 1…1000, not {Rounds}");
        if (Batch is < 1 or > 1000)
            errors.Add($"--batch must be 1…1000, not {Batch}");
        if (Searchers is < 1 or > 64)
            errors.Add($"--searchers must be 1…64, not {Searchers}");
        if (Limit is not 0 and < ChurnBenchmark.FewestVectors)
            errors.Add($"--limit must be {ChurnBenchmark.FewestVectors} or more, not {Limit}");
        if (BuildThreads is < 1 or > 256)
            errors.Add($"--build-threads must be 1…256, not {BuildThreads}");
        if (Efforts.Count == 0 || Efforts.Any(effort => effort is < ChurnBenchmark.K or > SearchEffort.MaxEf))
            errors.Add($"--efforts must be numbers of {ChurnBenchmark.K}…{SearchEffort.MaxEf}, separated by commas");
        if (RecallQueries < 1)
            errors.Add($"--recall-queries must be 1 or more, not {RecallQueries}");
        if (errors.Count > 0)
            throw new ArgumentException(string.Join("; ", errors) + ".");
    }
}
