using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// A replica cannot go on from its own files and the log: it must take over the partition's snapshots from another one,
/// and then call <see cref="ReplicatedOrder.ResumeCopied"/>.
/// </summary>
/// <param name="Partition">The partition.</param>
/// <param name="Has">Place of the last mutation that it has.</param>
/// <param name="Reason">A sentence.</param>
public sealed record ReplicaBehind(int Partition, WriteStamp Has, string Reason);
