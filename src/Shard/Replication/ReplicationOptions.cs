namespace Rag.Shard.Replication;

/// <summary>Options of the mutation log that replicas share (section "Log"); checked when a shard starts.</summary>
public sealed record ReplicationOptions
{
    /// <summary>Streams that the partitions' subjects share, 1–256; 8. Fixed once a cluster has data.</summary>
    public int Streams { get; init; } = 8;

    /// <summary>Copies of each stream among the NATS servers, 1–5; 0 for three where there are three servers, else one.
    /// Default 0.</summary>
    public int Copies { get; init; }

    /// <summary>Most bytes of one stream; writes are refused beyond until it is trimmed. The servers
    /// set aside that much for each. 256 MiB; at least 1 MiB.</summary>
    public long StreamBytes { get; init; } = 256L << 20;

    /// <summary>Longest time that a write waits for its place, an election of NATS included; 15 s.</summary>
    public TimeSpan WriteDeadline { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Most writes on their way at a time; more are refused. 8,192.</summary>
    public int MaxWaitingWrites { get; init; } = 8192;

    /// <summary>Most bytes of writes on their way; 64 MiB.</summary>
    public long MaxWaitingBytes { get; init; } = 64L << 20;

    /// <summary>How long replicas that do not answer are waited for before a partition opens without them; 5 s.</summary>
    public TimeSpan PeerPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an epoch that another replica has begun is waited for; 4 s.</summary>
    public TimeSpan EpochPatience { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How often streams are looked at for a new leader, a lost tail, and what can be trimmed; 5 s.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence after which a replica no longer keeps a half-full stream from being trimmed: it copies
    /// snapshots when it is back. 10 min.</summary>
    public TimeSpan SilentReplica { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Every error of these options, each beginning with the option's name; empty if they are fit.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (Streams is < 1 or > 256)
            errors.Add($"{nameof(Streams)} must be 1 to 256.");
        if (Copies is < 0 or > 5)
            errors.Add($"{nameof(Copies)} must be 0 to 5.");
        if (StreamBytes < 1 << 20)
            errors.Add($"{nameof(StreamBytes)} must be at least 1 MiB.");
        if (MaxWaitingWrites < 1)
            errors.Add($"{nameof(MaxWaitingWrites)} must be at least 1.");
        if (MaxWaitingBytes < 1 << 20)
            errors.Add($"{nameof(MaxWaitingBytes)} must be at least 1 MiB.");
        CheckPositive(WriteDeadline, nameof(WriteDeadline), errors);
        CheckPositive(PeerPatience, nameof(PeerPatience), errors);
        CheckPositive(EpochPatience, nameof(EpochPatience), errors);
        CheckPositive(CheckInterval, nameof(CheckInterval), errors);
        CheckPositive(SilentReplica, nameof(SilentReplica), errors);
        return errors;
    }

    private static void CheckPositive(TimeSpan value, string name, List<string> errors)
    {
        if (value <= TimeSpan.Zero)
            errors.Add($"{name} must be positive.");
    }
}
