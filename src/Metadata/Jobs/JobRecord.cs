namespace Rag.Metadata;

/// <summary>One source on its way into a workspace. Immutable.</summary>
public sealed record JobRecord
{
    public required Guid JobId { get; init; }

    /// <summary>Position in the order of submission, over all workspaces; the cursor of lists.</summary>
    public required long Number { get; init; }

    public required Guid WorkspaceUid { get; init; }

    /// <summary>Name of the workspace.</summary>
    public required string Workspace { get; init; }

    public required string DocumentId { get; init; }

    public required string FileName { get; init; }

    /// <summary>As the caller gave it; may be empty.</summary>
    public required string MediaType { get; init; }

    /// <summary>The caller's metadata, encoded by the layer above; not looked into.</summary>
    public required ReadOnlyMemory<byte> Metadata { get; init; }

    /// <summary>Index again even if nothing has changed.</summary>
    public required bool Force { get; init; }

    public required JobPriority Priority { get; init; }

    public required JobState State { get; init; }

    public required JobOutcome Outcome { get; init; }

    /// <summary>Why it failed or waits for another try; else empty.</summary>
    public required string Reason { get; init; }

    /// <summary>Tries so far; each claim is one.</summary>
    public required int Attempts { get; init; }

    /// <summary>
    /// Fencing number: rises with every claim and cancellation. Whoever holds an older one cannot change the job.
    /// </summary>
    public required long Fence { get; init; }

    public required long SizeBytes { get; init; }

    /// <summary>SHA-256 of the source's bytes.</summary>
    public required ReadOnlyMemory<byte> ContentHash { get; init; }

    /// <summary>Chunks made so far in this try.</summary>
    public required long Chunks { get; init; }

    /// <summary>Chunks written so far in this try.</summary>
    public required long ChunksWritten { get; init; }

    /// <summary>Name of the worker that holds or held it last; empty if none did.</summary>
    public required string Worker { get; init; }

    /// <summary>When it may be claimed: the next try of a waiting job, the lease's end of a claimed one; null once it
    /// is over.</summary>
    public required DateTimeOffset? ReadyTime { get; init; }

    public required DateTimeOffset CreateTime { get; init; }

    public required DateTimeOffset UpdateTime { get; init; }

    /// <summary>Done, failed or cancelled: it will not change any more.</summary>
    public bool IsOver => State >= JobState.Done;
}

/// <summary>A job's stage. The numbers are stored and are those of the public API: never change them.</summary>
public enum JobState : byte
{
    Queued = 1,
    Extracting = 2,
    Embedding = 3,
    Indexing = 4,
    Done = 5,

    /// <summary>Given up: the dead letters are the jobs in this state. Their bytes are kept as long as they are.</summary>
    Failed = 6,
    Cancelled = 7,
}

/// <summary>What a finished job came to. The numbers are stored and are those of the public API.</summary>
public enum JobOutcome : byte
{
    None = 0,
    Indexed = 1,

    /// <summary>Same content and settings as before: nothing was done.</summary>
    Unchanged = 2,

    /// <summary>A valid file without text.</summary>
    NoText = 3,
}
