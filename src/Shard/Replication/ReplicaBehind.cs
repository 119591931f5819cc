using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// A replica cannot go on from its own files and the log: it must leave the log, take over the partition from another
/// replica, and follow the log again (<see cref="Replicas.IReplicaLog"/>).
/// </summary>
/// <param name="Partition">The partition.</param>
/// <param name="Has">Place of the last mutation that it has.</param>
/// <param name="Reason">A sentence.</param>
public sealed record ReplicaBehind(int Partition, WriteStamp Has, string Reason);
