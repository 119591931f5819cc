using System.Text.Json.Serialization;
using Rag.Cli.Composition;

namespace Rag.Cli.Clusters;

/// <summary>A cluster on this machine, as its file has it. Immutable: changes are written as a whole.</summary>
internal sealed record ClusterState
{
    /// <summary>Tells its data from another cluster's.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>Replicas of each partition.</summary>
    [JsonPropertyName("replication")]
    public required int Replication { get; init; }

    /// <summary>What its processes show to NATS and PostgreSQL.</summary>
    [JsonPropertyName("token")]
    public required string Token { get; init; }

    /// <summary>Nodes take any free port, those that come later too.</summary>
    [JsonPropertyName("any_port")]
    public bool AnyPort { get; init; }

    /// <summary>The server of PostgreSQL that takes writes; null where metadata lies in SQLite.</summary>
    [JsonPropertyName("postgres_primary")]
    public string? PostgresPrimary { get; init; }

    /// <summary>The command that starts it; null once it is up. Where that one is gone, it did not come up.</summary>
    [JsonPropertyName("starter")]
    public ProcessIdentity? Starter { get; init; }

    [JsonPropertyName("nodes")]
    public IReadOnlyList<ClusterNode> Nodes { get; init; } = [];

    /// <summary>Nodes of a kind, by number.</summary>
    public IEnumerable<ClusterNode> Of(string kind) => Nodes.Where(node => node.Kind == kind);

    /// <exception cref="CliException">There is no such node.</exception>
    public ClusterNode Find(string name) => Nodes.FirstOrDefault(node => node.Name == name) ?? throw new CliException(
        $"The cluster has no node {name}: it has {string.Join(", ", Nodes.Select(node => node.Name))}.", ExitCode.Usage);

    public ClusterState With(ClusterNode node) => Nodes.Any(other => other.Name == node.Name)
        ? this with { Nodes = [.. Nodes.Select(other => other.Name == node.Name ? node : other)] }
        : this with { Nodes = [.. Nodes, node] };
}
