using NATS.Client.JetStream.Models;

namespace NATS.Client.KeyValueStore;

/// <summary>How a bucket keeps values.</summary>
public sealed record NatsKVConfig
{
    /// <summary>A bucket: letters, digits, '-' and '_'.</summary>
    public NatsKVConfig(string bucket) => Bucket = bucket;

    /// <summary>Name.</summary>
    public string Bucket { get; init; }

    /// <summary>Text for people.</summary>
    public string? Description { get; init; }

    /// <summary>Revisions kept of each key, 1 to 64 (1).</summary>
    public long History { get; init; } = 1;

    /// <summary>How long a value is kept (for ever).</summary>
    public TimeSpan MaxAge { get; init; }

    /// <summary>Most bytes of one value (−1: the server's).</summary>
    public int MaxValueSize { get; init; } = -1;

    /// <summary>Most bytes of all (−1: no limit).</summary>
    public long MaxBytes { get; init; } = -1;

    /// <summary>Where values lie (File).</summary>
    public StreamConfigStorage Storage { get; init; }

    /// <summary>Copies in a cluster (1).</summary>
    public int NumberOfReplicas { get; init; } = 1;

    /// <summary>Where in a cluster it may lie.</summary>
    public Placement? Placement { get; init; }

    /// <summary>
    /// Whether any replica answers reads (true): faster, and possibly a moment behind what was just written. False
    /// reads from the leader.
    /// </summary>
    public bool AllowDirect { get; init; } = true;
}

/// <summary>Options of a deletion.</summary>
public sealed record NatsKVDeleteOpts
{
    /// <summary>Deletes only if this is the last revision.</summary>
    public ulong Revision { get; init; }

    /// <summary>Whether earlier revisions go too.</summary>
    public bool Purge { get; init; }
}

/// <summary>Options of a watch.</summary>
public sealed record NatsKVWatchOpts
{
    /// <summary>All revisions instead of the last one of each key (false).</summary>
    public bool IncludeHistory { get; init; }

    /// <summary>Only what comes from now on (false).</summary>
    public bool UpdatesOnly { get; init; }

    /// <summary>Without deletions (false).</summary>
    public bool IgnoreDeletes { get; init; }

    /// <summary>Without values (false).</summary>
    public bool MetaOnly { get; init; }

    /// <summary>Begins at this revision; excludes IncludeHistory and UpdatesOnly (0: not).</summary>
    public ulong ResumeAtRevision { get; init; }

    /// <summary>Called where the bucket has nothing to begin with; true ends the watch.</summary>
    public Func<CancellationToken, ValueTask<bool>>? OnNoData { get; init; }
}

/// <summary>Options of clearing away deletions.</summary>
public sealed record NatsKVPurgeOpts
{
    /// <summary>Marks of deletions younger than this stay, for those who still have to see them (30 minutes).</summary>
    public TimeSpan DeleteMarkersThreshold { get; init; } = TimeSpan.FromMinutes(30);
}
