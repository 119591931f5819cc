using Rag.Hosting.Topology;
using Rag.Testing;

namespace Rag.Shard.Tests.Replicas;

/// <summary>Three shards of which at first only the first holds anything.</summary>
internal sealed class ReplicaShards : IAsyncDisposable
{
    private ReplicaShards(MemoryTopology topology, ReplicaShard[] shards) => (Topology, Shards) = (topology, shards);

    public MemoryTopology Topology { get; }

    public ReplicaShard[] Shards { get; }

    public ReplicaShard this[int index] => Shards[index];

    public static async Task<ReplicaShards> StartAsync(Action<ReplicaShard>? configure = null)
    {
        var ports = Enumerable.Range(0, 3).Select(_ => FreePort.Next()).ToArray();
        var nodes = ports.Select((port, i) => new ShardNode($"shard-{i}", new Uri($"http://127.0.0.1:{port}"))).ToArray();
        var topology = new MemoryTopology(ClusterTopology.Balanced(1, 8, [.. nodes[..1]]));
        await topology.ChangeAsync(newest =>
        {
            var edit = newest.Edit();
            foreach (var node in nodes[1..])
                edit.PutShard(node);
            return edit.Build();
        });
        var shards = ports.Select((port, i) => new ReplicaShard($"shard-{i}", port, topology)).ToArray();
        foreach (var shard in shards)
        {
            configure?.Invoke(shard);
            await shard.StartAsync();
        }

        return new ReplicaShards(topology, shards);
    }

    public void Join(int shard) => Topology.Set(ReplicaShard.Partition, $"shard-{shard}", ReplicaState.Joining);

    public ReplicaState? StateOf(int shard) =>
        Topology.Current.FindReplica($"shard-{shard}", ReplicaShard.Partition)?.State;

    public Task ReadyAsync(int shard) =>
        Eventually.HoldsAsync(() => StateOf(shard) == ReplicaState.Ready, $"shard-{shard} is ready");

    public async ValueTask DisposeAsync()
    {
        foreach (var shard in Shards)
            await shard.DisposeAsync();
    }
}
