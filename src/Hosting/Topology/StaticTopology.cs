using Microsoft.Extensions.Primitives;

namespace Rag.Hosting.Topology;

/// <summary>A topology that never changes: the embedded default.</summary>
public sealed class StaticTopology(ClusterTopology topology) : ITopologySource
{
    public ClusterTopology Current { get; } = topology;

    public IChangeToken Watch() => new CancellationChangeToken(CancellationToken.None);
}
