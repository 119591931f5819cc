namespace Rag.Metadata;

/// <summary>What became of <see cref="IJobStore.RequeueAsync"/>.</summary>
/// <param name="Status">Whether it was queued again, and if not, why.</param>
/// <param name="Job">The job as it is then; null if there is none.</param>
public sealed record JobRequeue(JobRequeueStatus Status, JobRecord? Job);

/// <summary>Outcome of <see cref="IJobStore.RequeueAsync"/>.</summary>
public enum JobRequeueStatus
{
    Requeued = 1,

    /// <summary>There is no such job.</summary>
    NotFound = 2,

    /// <summary>It has not failed: only dead letters are queued again.</summary>
    NotFailed = 3,

    /// <summary>A later job of the same document is done or under way: its older source must not replace it.</summary>
    Overtaken = 4,

    /// <summary>The workspace has as many unfinished jobs as it may have.</summary>
    QueueFull = 5,
}
