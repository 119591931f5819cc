namespace Rag.Metadata;

/// <summary>A job to be queued. Its bytes are complete in the blob store under <see cref="JobId"/>.</summary>
public sealed record NewJob
{
    public required Guid JobId { get; init; }

    public required Guid WorkspaceUid { get; init; }

    public required string Workspace { get; init; }

    public required string DocumentId { get; init; }

    public string FileName { get; init; } = "";

    public string MediaType { get; init; } = "";

    public ReadOnlyMemory<byte> Metadata { get; init; }

    public bool Force { get; init; }

    public JobPriority Priority { get; init; } = JobPriority.Normal;

    public required long SizeBytes { get; init; }

    public required ReadOnlyMemory<byte> ContentHash { get; init; }

    /// <summary>The caller's id of the request; empty for none. Unique in its workspace.</summary>
    public string RequestId { get; init; } = "";
}

/// <summary>What became of <see cref="IJobStore.EnqueueAsync"/>.</summary>
/// <param name="Status">Whether it was queued, and if not, why.</param>
/// <param name="Job">The new job, or the one that the same request made before; null if the workspace is gone.</param>
public sealed record JobEnqueue(JobEnqueueStatus Status, JobRecord? Job);

/// <summary>Outcome of <see cref="IJobStore.EnqueueAsync"/>.</summary>
public enum JobEnqueueStatus
{
    Queued = 1,

    /// <summary>The same request id made a job before: nothing was changed.</summary>
    Repeated = 2,

    /// <summary>The workspace is gone or being deleted.</summary>
    WorkspaceGone = 3,

    /// <summary>The workspace has as many unfinished jobs as it may have.</summary>
    QueueFull = 4,
}
