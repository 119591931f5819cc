namespace Rag.Hosting.Agreement;

/// <summary>What processes of a cluster tell one another of themselves before they work together.</summary>
/// <param name="Kind">shard, router or ingestor.</param>
/// <param name="Name">A shard's name in the topology; of others, any.</param>
/// <param name="Protocol">Version of the protocol between processes: <see cref="CurrentProtocol"/>.</param>
/// <param name="Version">Of the product, for people.</param>
/// <param name="ClusterId">As the process's topology has it; empty where that names none.</param>
/// <param name="Clock">Its time.</param>
public sealed record NodeIdentity(
    string Kind, string Name, int Protocol, string Version, string ClusterId, DateTimeOffset Clock)
{
    /// <summary>Raised by every change of what processes say to one another that the former version does not understand.</summary>
    public const int CurrentProtocol = 1;
}
