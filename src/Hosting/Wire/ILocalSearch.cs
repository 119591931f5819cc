namespace Rag.Hosting.Wire;

/// <summary>
/// A shard of this process, searched by a vector on the caller's thread: no call, no message and no other thread between
/// the socket and the index. It does what it can do at once; everything else goes the usual way, which also says what is
/// wrong with a search. Thread-safe.
/// </summary>
public interface ILocalSearch
{
    /// <summary>
    /// Searches one slice. False: not here and now (it is asleep, its settings are of another version, the vector is not
    /// fit, ...), and <paramref name="hits"/> is as it was.
    /// </summary>
    /// <param name="search">The search.</param>
    /// <param name="hits">Gets the hits, best first: field 1 of rag.v1.SearchResponse.</param>
    /// <param name="found">How far the slice was, and how long it took.</param>
    bool TrySearch(in LocalSearchQuery search, WireBuffer hits, out LocalSearchAnswer found);
}

/// <summary>A search of one slice by a vector.</summary>
/// <param name="WorkspaceUid">The workspace's uid.</param>
/// <param name="Partition">The partition.</param>
/// <param name="SettingsVersion">The version of the workspace's settings that the caller goes by.</param>
/// <param name="Vector">One component for each dimension of the default space; not changed until the search is over.</param>
/// <param name="K">How many hits, 1 to 10,000.</param>
/// <param name="RecallTarget">0.5 to 1; 0 for the default.</param>
/// <param name="Ef">1 to 10,000; 0 for none.</param>
/// <param name="Exact">Whether every vector is compared.</param>
/// <param name="Fields">What hits carry besides keys, scores and versions.</param>
public readonly record struct LocalSearchQuery(
    Guid WorkspaceUid, int Partition, long SettingsVersion, ReadOnlyMemory<float> Vector, int K, float RecallTarget,
    int Ef, bool Exact, HitFields Fields);

/// <summary>What a search found out besides its hits.</summary>
/// <param name="Epoch">Epoch of the partition's position.</param>
/// <param name="Sequence">The partition's position.</param>
/// <param name="Search">Time in the index.</param>
/// <param name="Fetch">Time to read what the hits carry.</param>
public readonly record struct LocalSearchAnswer(uint Epoch, ulong Sequence, TimeSpan Search, TimeSpan Fetch);

/// <summary>What hits carry besides keys, scores and versions.</summary>
[Flags]
public enum HitFields
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The text.</summary>
    Text = 1,

    /// <summary>The metadata.</summary>
    Metadata = 2,

    /// <summary>Where the passage stands in its document.</summary>
    Passage = 4,
}
