using System.Collections.Immutable;

namespace Rag.Shard.Replication;

/// <summary>Shards that hold replicas of a partition.</summary>
/// <param name="All">Those that join among them: the log is not trimmed before they have what they need.</param>
/// <param name="Serving">Those that answer for the partition, and take part in changes of its epoch.</param>
public readonly record struct PartitionHolders(ImmutableArray<string> All, ImmutableArray<string> Serving);
