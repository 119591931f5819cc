using Microsoft.Extensions.Primitives;

namespace Rag.Hosting.Topology;

/// <summary>Where a process learns of the topology and of its changes. Thread-safe.</summary>
public interface ITopologySource
{
    /// <summary>The newest valid snapshot.</summary>
    ClusterTopology Current { get; }

    /// <summary>Fires once when <see cref="Current"/> has been replaced.</summary>
    IChangeToken Watch();
}
