namespace Rag.Cluster.Tests.Faults;

/// <summary>What can happen to a node.</summary>
internal enum Fault
{
    /// <summary>kill -9, and a start later.</summary>
    Kill,

    /// <summary>SIGSTOP, and SIGCONT later: it keeps its connections and does not answer.</summary>
    Pause,

    /// <summary>It is asked to end, and started later.</summary>
    Restart,

    /// <summary>Its connections break, in both directions, and new ones are refused.</summary>
    Cut,

    /// <summary>Its connections stay, and nothing comes through.</summary>
    Silence,

    /// <summary>All that it hears and says comes 200 ms later.</summary>
    Delay,

    /// <summary>kill -9 of the primary of several; another one takes its place, and it comes back as one that follows.</summary>
    FailOver,
}

/// <summary>Kinds of nodes.</summary>
internal enum NodeKind
{
    Shard,
    Router,
    Ingestor,
    Nats,
    Postgres,
}
