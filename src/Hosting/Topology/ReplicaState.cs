namespace Rag.Hosting.Topology;

/// <summary>
/// What a replica is good for. Changes go one way, and each is a new version of the topology:
/// <code>
/// (absent) ──► Joining ──► Ready ──► Leaving ──► (absent)
///     planned      copied and    replaced by     nobody asks it
///                  caught up     a ready one     any more
/// </code>
/// </summary>
public enum ReplicaState
{
    /// <summary>It copies and replays; routers do not ask it yet. Its shard turns it into <see cref="Ready"/>.</summary>
    Joining,

    /// <summary>It has all data, answers searches and takes writes.</summary>
    Ready,

    /// <summary>
    /// It has all data and follows the log still, for routers with the former topology; it is about to be dropped, or
    /// made ready again.
    /// </summary>
    Leaving,
}
