namespace Rag.Hosting.Topology;

/// <summary>One shard's copy of one partition.</summary>
/// <param name="Shard">Who holds it.</param>
/// <param name="State">What it is good for.</param>
public readonly record struct Replica(ShardNode Shard, ReplicaState State)
{
    /// <summary>Whether its shard answers requests for the partition: it is ready, or leaving.</summary>
    public bool Serves => State != ReplicaState.Joining;
}
