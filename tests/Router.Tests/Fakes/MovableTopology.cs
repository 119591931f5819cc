using Microsoft.Extensions.Primitives;
using Rag.Hosting.Topology;

namespace Rag.Router.Tests.Fakes;

/// <summary>A topology that a test replaces.</summary>
internal sealed class MovableTopology(ClusterTopology first) : ITopologySource
{
    private CancellationTokenSource _changed = new();
    private volatile ClusterTopology _current = first;

    public ClusterTopology Current => _current;

    public IChangeToken Watch() => new CancellationChangeToken(_changed.Token);

    public void Replace(ClusterTopology next)
    {
        _current = next;
        Interlocked.Exchange(ref _changed, new CancellationTokenSource()).Cancel();
    }
}
