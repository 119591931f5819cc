using Microsoft.Extensions.Logging;

namespace Rag.Shard.Replication;

/// <summary>What the replicas of one shard share.</summary>
internal sealed class ReplicationContext
{
    /// <summary>The shard's name in the topology.</summary>
    public required string Shard { get; init; }

    public required ReplicationOptions Options { get; init; }

    public required ISharedLog Log { get; init; }

    public required IEpochStore Epochs { get; init; }

    public required IReplicaPeers Peers { get; init; }

    public required IReplicaStore Store { get; init; }

    public required ReplicaStateFile Memory { get; init; }

    /// <summary>Folder of files that replication keeps itself.</summary>
    public required string Folder { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Told of an open partition with mutations that are to be brought to the others.</summary>
    public Action<int> OrphansFound { get; set; } = static _ => { };
}
