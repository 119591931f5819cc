namespace Rag.Engine;

/// <summary>Options of a <see cref="ShardStore"/>; checked when it is opened, with every error listed.</summary>
public sealed record StoreOptions
{
    /// <summary>Folder of this store alone; made if it is missing.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Bytes that the store keeps in memory, log buffers included; 384 MiB. At least 32 MiB. A twelfth of it is for
    /// mapped pages of small slices. Slices in use are never unloaded, so one slice larger than this is served all the
    /// same.</summary>
    public long MemoryCapBytes { get; init; } = 384L << 20;

    /// <summary>Threads that apply mutations and build graphs, 1–64; 2.</summary>
    public int ApplyThreads { get; init; } = 2;

    /// <summary>Bytes of the mutation log's buffer; 8 MiB. A power of two, at least 2 MiB.</summary>
    public long MutationLogMemoryBytes { get; init; } = 8L << 20;

    /// <summary>Bytes of the chunk log's buffer; 8 MiB. A power of two, at least 2 MiB.</summary>
    public long ChunkLogMemoryBytes { get; init; } = 8L << 20;

    /// <summary>Bytes of a segment file of either log; 64 MiB. A power of two.</summary>
    public long LogSegmentBytes { get; init; } = 64L << 20;

    /// <summary>Writes are refused while the disk has less free space than this; 256 MiB.</summary>
    public long FreeSpaceReserveBytes { get; init; } = 256L << 20;

    /// <summary>Bytes of the mutation log after which slices are snapshotted so that it can be cut; 128 MiB.</summary>
    public long CheckpointLogBytes { get; init; } = 128L << 20;

    /// <summary>How often the store looks for what to snapshot, unload, clean or drop; 5 s.</summary>
    public TimeSpan MaintenanceInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a close goes on to snapshot small slices of which much is new, so that the next start replays
    /// little; 5 s. 0 to leave it to the start.</summary>
    public TimeSpan CloseTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Age at which a staged, uncommitted generation is dropped; 24 h.</summary>
    public TimeSpan StagedLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a mutation id is remembered; an older retry is refused; 10 min.</summary>
    public TimeSpan MutationIdLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The store holds replicas of partitions that others hold too: its writes need an order
    /// (<see cref="ShardStore.UseOrder"/>), and deletes leave tombstones. Off.
    /// </summary>
    public bool IsReplica { get; init; }

    /// <summary>How long a replica's mutation log keeps what snapshots hold already, so that an order that lost its tail
    /// can have it again; 5 min. Ignored where <see cref="IsReplica"/> is off.</summary>
    public TimeSpan TailRetention { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Most bytes that are kept for <see cref="TailRetention"/>; 1 GiB.</summary>
    public long TailRetentionBytes { get; init; } = 1L << 30;

    /// <summary>What of a chunk's attributes is searched as text; nothing by default.</summary>
    public AttributeText? AttributeText { get; init; }

    /// <summary>Every error of these options, each beginning with the option's name; empty if they are fit.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (string.IsNullOrWhiteSpace(DataFolder))
            errors.Add($"{nameof(DataFolder)} must name a folder.");
        if (MemoryCapBytes < 32L << 20)
            errors.Add($"{nameof(MemoryCapBytes)} must be at least 32 MiB.");
        if (ApplyThreads is < 1 or > 64)
            errors.Add($"{nameof(ApplyThreads)} must be 1–64.");
        CheckPower(MutationLogMemoryBytes, 2L << 20, nameof(MutationLogMemoryBytes), errors);
        CheckPower(ChunkLogMemoryBytes, 2L << 20, nameof(ChunkLogMemoryBytes), errors);
        CheckPower(LogSegmentBytes, 1L << 20, nameof(LogSegmentBytes), errors);
        if (FreeSpaceReserveBytes < 0)
            errors.Add($"{nameof(FreeSpaceReserveBytes)} must not be negative.");
        if (CheckpointLogBytes < 1L << 20)
            errors.Add($"{nameof(CheckpointLogBytes)} must be at least 1 MiB.");
        CheckPositive(MaintenanceInterval, nameof(MaintenanceInterval), errors);
        if (CloseTime < TimeSpan.Zero)
            errors.Add($"{nameof(CloseTime)} must not be negative.");
        CheckPositive(StagedLifetime, nameof(StagedLifetime), errors);
        CheckPositive(MutationIdLifetime, nameof(MutationIdLifetime), errors);
        CheckPositive(TailRetention, nameof(TailRetention), errors);
        if (TailRetentionBytes < 0)
            errors.Add($"{nameof(TailRetentionBytes)} must not be negative.");
        return errors;
    }

    private static void CheckPower(long value, long atLeast, string name, List<string> errors)
    {
        if (value < atLeast || !long.IsPow2(value))
            errors.Add($"{name} must be a power of two and at least {atLeast >> 20} MiB.");
    }

    private static void CheckPositive(TimeSpan value, string name, List<string> errors)
    {
        if (value <= TimeSpan.Zero)
            errors.Add($"{name} must be positive.");
    }
}
