namespace Rag.Hosting.Topology.Moving;

/// <summary>One copy of a partition that is still to be made.</summary>
/// <param name="Partition">Which partition.</param>
/// <param name="Source">A shard that has it: the copy may be taken from any.</param>
/// <param name="To">The shard that gets it.</param>
/// <param name="Replaces">The shard that gives its own up for it; null where it is one replica more.</param>
public sealed record ReplicaMove(int Partition, string Source, string To, string? Replaces);
