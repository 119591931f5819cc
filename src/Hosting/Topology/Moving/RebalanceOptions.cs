namespace Rag.Hosting.Topology.Moving;

/// <summary>How replicas move to where they should be: section <c>Rebalance</c> of a router's options. Immutable.</summary>
public sealed record RebalanceOptions
{
    /// <summary>Whether this router takes part in moving replicas; true. One router of a cluster is enough.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Most replicas that one shard copies at a time, 1 to 1,024; 4.</summary>
    public int MaxJoiningPerShard { get; init; } = 4;

    /// <summary>
    /// How long a replica that was replaced goes on answering routers with the former topology, 0 to 1 h; 10 s, twice as
    /// long as a router may take to hear of a new one.
    /// </summary>
    public TimeSpan LeavingTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the topology is looked at where nothing is heard, 10 ms to 1 min; 1 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Every error in these options, by key; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (MaxJoiningPerShard is < 1 or > 1024)
            errors.Add($"{nameof(MaxJoiningPerShard)} must be 1 to 1,024");
        if (LeavingTime < TimeSpan.Zero || LeavingTime > TimeSpan.FromHours(1))
            errors.Add($"{nameof(LeavingTime)} must be 0 to 1 h");
        if (Interval < TimeSpan.FromMilliseconds(10) || Interval > TimeSpan.FromMinutes(1))
            errors.Add($"{nameof(Interval)} must be 10 ms to 1 min");
        return errors;
    }
}
