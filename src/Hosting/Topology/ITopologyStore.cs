namespace Rag.Hosting.Topology;

/// <summary>
/// A topology that can be changed from here. Of several writers at the same time exactly one wins a version; the others
/// see what it made of it and decide anew. Thread-safe.
/// </summary>
public interface ITopologyStore : ITopologySource
{
    /// <summary>Changes the newest topology.</summary>
    /// <param name="change">
    /// Makes the next one of the newest, by <see cref="ClusterTopology.Edit"/>; null: it is right as it is. Called again
    /// where another writer was faster, so it must decide by what it is given.
    /// </param>
    /// <param name="cancellationToken">Gives up; the change may have been made by then.</param>
    /// <returns>The topology in use now: that of the change, or the one that was right.</returns>
    /// <exception cref="InvalidTopologyException">What the change made contradicts itself.</exception>
    /// <exception cref="TopologyUnavailableException">Where it is kept cannot be reached or written just now.</exception>
    ValueTask<ClusterTopology> ChangeAsync(
        Func<ClusterTopology, ClusterTopology?> change, CancellationToken cancellationToken = default);
}
