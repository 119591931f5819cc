namespace Rag.Hosting.Topology;

/// <summary>A shard as the topology knows it.</summary>
/// <param name="Name">Unique in the cluster, 1 to 64 characters: letters, digits, '-', '_' and '.'.</param>
/// <param name="Address">Where routers reach it, such as <c>http://127.0.0.1:7101</c>.</param>
/// <param name="Weight">
/// Its share of the replicas relative to others; 0 for none, so that those it holds move away. Default 1.
/// </param>
/// <param name="IsLeaving">It gets no replicas, and is taken out of the topology once it holds none.</param>
public sealed record ShardNode(string Name, Uri Address, double Weight = 1, bool IsLeaving = false)
{
    /// <summary>The highest weight.</summary>
    public const double MaxWeight = 1e6;

    /// <summary>Whether replicas may be placed on it.</summary>
    public bool IsEligible => Weight > 0 && !IsLeaving;

    /// <summary>Whether this is a name that a shard, or a cluster, may have.</summary>
    internal static bool IsName(string? name) => name is { Length: >= 1 and <= 64 }
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
