namespace Rag.Hosting.Topology;

/// <summary>A shard as the topology knows it.</summary>
/// <param name="Name">Unique in the cluster, 1 to 64 characters: letters, digits, '-', '_' and '.'.</param>
/// <param name="Address">Where routers reach it, such as <c>http://127.0.0.1:7101</c>.</param>
/// <param name="Weight">Its share of the partitions relative to others, above 0. Default 1.</param>
public sealed record ShardNode(string Name, Uri Address, double Weight = 1);
