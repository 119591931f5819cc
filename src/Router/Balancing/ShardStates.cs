using System.Collections.Concurrent;
using Rag.Hosting.Topology;

namespace Rag.Router.Balancing;

/// <summary>The state of each shard that was ever asked and is still in the topology. Thread-safe.</summary>
internal sealed class ShardStates(RouterOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, ShardState> _states = new(StringComparer.Ordinal);

    public IEnumerable<ShardState> All => _states.Select(static entry => entry.Value);

    public ShardState Of(ShardNode shard) => _states.TryGetValue(shard.Name, out var state)
        ? state
        : _states.GetOrAdd(
            shard.Name, static (name, self) => self.Create(name), this);

    /// <summary>Forgets shards that left the topology.</summary>
    public void Prune(ClusterTopology topology)
    {
        if (_states.Count <= topology.Shards.Length)
            return;
        var names = topology.Shards.Select(static shard => shard.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var name in _states.Keys)
        {
            if (!names.Contains(name))
                _states.TryRemove(name, out _);
        }
    }

    private ShardState Create(string name) => new(name, options.Balancing, time);
}
