using Rag.Engine;
using Rag.Hosting.Overload;
using Rag.Shard.Refinement;
using Rag.Shard.Replicas;

namespace Rag.Shard;

/// <summary>Options of a shard; checked when it starts, with every error listed.</summary>
public sealed record ShardOptions
{
    /// <summary>The shard's name in the topology. Default "shard-0", the embedded one.</summary>
    public string Name { get; init; } = "shard-0";

    /// <summary>The store: its data folder, memory cap, log sizes.</summary>
    public required StoreOptions Store { get; init; }

    /// <summary>Most partitions of one request that are searched at the same time. Default: the number of processors.</summary>
    public int SearchParallelism { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// Searches of one router's stream that are under way at a time; more wait unread. Default 256; 1 to 65,536.
    /// </summary>
    public int SearchesPerStream { get; init; } = 256;

    /// <summary>
    /// What becomes of searches when more come than can be served; in a process that is a router as well they have passed the
    /// router's door, and there is none.
    /// </summary>
    public OverloadOptions Overload { get; init; } = new();

    /// <summary>Copies of partitions from and to other shards.</summary>
    public ReplicaOptions Replicas { get; init; } = new();

    /// <summary>How vectors are refined in the background.</summary>
    public RefinementOptions Refinement { get; init; } = new();

    /// <summary>Every error of these options, each beginning with the option's name; empty if they are fit.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (Name.Length is 0 or > 64)
            errors.Add($"{nameof(Name)} must have 1 to 64 characters.");
        if (SearchParallelism is < 1 or > 256)
            errors.Add($"{nameof(SearchParallelism)} must be 1 to 256.");
        if (SearchesPerStream is < 1 or > 65_536)
            errors.Add($"{nameof(SearchesPerStream)} must be 1 to 65,536.");
        errors.AddRange(Overload.Validate().Select(error => $"{nameof(Overload)}.{error}"));
        errors.AddRange(Replicas.Validate().Select(error => $"{nameof(Replicas)}.{error}"));
        errors.AddRange(Refinement.Validate().Select(error => $"{nameof(Refinement)}.{error}"));
        errors.AddRange(Store.Validate().Select(error => $"{nameof(Store)}.{error}"));
        return errors;
    }
}
