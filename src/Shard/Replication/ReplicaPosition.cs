using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>How far a replica is; goes with its snapshots to whoever copies them.</summary>
/// <param name="Stamp">Place of the last mutation that it has.</param>
/// <param name="Sequence">Up to this sequence of the stream it has everything of the partition.</param>
/// <param name="Epoch">The epoch that it is in.</param>
public readonly record struct ReplicaPosition(WriteStamp Stamp, ulong Sequence, uint Epoch);
