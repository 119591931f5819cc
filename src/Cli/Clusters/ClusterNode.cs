using System.Text.Json.Serialization;
using Rag.Cli.Composition;

namespace Rag.Cli.Clusters;

/// <summary>One process of a cluster on this machine: what it is, how it is started, and which process it is now.</summary>
internal sealed record ClusterNode
{
    /// <summary>Such as shard-0.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>See <see cref="NodeKind"/>.</summary>
    [JsonPropertyName("kind")]
    public required string Kind { get; init; }

    /// <summary>Where it is called: http://… of ours, nats://…</summary>
    [JsonPropertyName("address")]
    public required string Address { get; init; }

    /// <summary>Where it says how it is; that of ours is its address.</summary>
    [JsonPropertyName("health")]
    public required string Health { get; init; }

    /// <summary>Where others of its kind call it; null where they do not, or do it at its address.</summary>
    [JsonPropertyName("route")]
    public string? Route { get; init; }

    /// <summary>Program and arguments.</summary>
    [JsonPropertyName("command")]
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The signal that ends it in order.</summary>
    [JsonPropertyName("stop_signal")]
    public int StopSignal { get; init; } = ProcessIdentity.Terminate;

    /// <summary>The process that was started last; null before the first start and after it was stopped.</summary>
    [JsonPropertyName("process")]
    public ProcessIdentity? Process { get; init; }
}

/// <summary>Kinds of nodes, in the order in which they are started.</summary>
internal static class NodeKind
{
    public const string Nats = "nats";
    public const string Postgres = "postgres";
    public const string Shard = "shard";
    public const string Router = "router";
    public const string Ingestor = "ingestor";

    public static readonly IReadOnlyList<string> StartOrder = [Nats, Postgres, Shard, Router, Ingestor];

    /// <summary>The kinds of a stage start together; each stage needs the former one.</summary>
    public static readonly IReadOnlyList<IReadOnlyList<string>> Stages = [[Nats, Postgres], [Shard, Router, Ingestor]];
}
