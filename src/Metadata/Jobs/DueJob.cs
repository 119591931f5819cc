namespace Rag.Metadata;

/// <summary>A job that may be claimed now.</summary>
/// <param name="JobId">The job.</param>
/// <param name="WorkspaceUid">Its workspace.</param>
/// <param name="Priority">Its priority.</param>
/// <param name="Fence">Its fencing number: the next claim's is one higher.</param>
public readonly record struct DueJob(Guid JobId, Guid WorkspaceUid, JobPriority Priority, long Fence);
