using Rag.Hosting.Topology.Moving;

namespace Rag.Cluster.Tests.Faults;

/// <summary>
/// Replicas that move while nodes break: a shard more at first, then by turns one of the shards is drained and takes part
/// again. One caller at a time.
/// </summary>
internal sealed class TopologyMoves(FaultCluster cluster, Random random)
{
    private const string Added = "shard-added";

    private string? _drained;

    /// <summary>Topologies that were asked for.</summary>
    public int Count { get; private set; }

    /// <summary>Asks for the next topology where the last one is reached; what it was, or null. Replicas move afterwards.</summary>
    public async Task<string?> TryBeginAsync()
    {
        if (!Rebalance.IsSettled(cluster.Topology))
            return null;
        Count++;
        if (cluster.Topology.FindShard(Added) is null)
        {
            var node = cluster.AddShard(Added);
            await cluster.ChangeTopologyAsync(topology => TopologyWishes.PutShard(topology, cluster.ShardAt(Added)));
            await node.StartAsync();
            return $"{Added} joins";
        }

        if (_drained is { } back)
        {
            _drained = null;
            await cluster.ChangeTopologyAsync(topology => TopologyWishes.PutShard(topology, cluster.ShardAt(back)));
            return $"{back} takes part again";
        }

        _drained = cluster.Topology.Shards[random.Next(cluster.Topology.Shards.Length)].Name;
        await cluster.ChangeTopologyAsync(topology => TopologyWishes.Drain(topology, _drained));
        return $"{_drained} is drained";
    }

    /// <summary>Returns when every replica is where it shall be.</summary>
    public Task SettledAsync(TimeSpan limit) => Testing.Eventually.HoldsAsync(
        () => Rebalance.IsSettled(cluster.Topology), "replicas have moved", limit);
}
