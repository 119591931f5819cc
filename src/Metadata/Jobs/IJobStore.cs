namespace Rag.Metadata;

/// <summary>
/// The queue of ingestion jobs, which is also the account of what became of them. Workers claim jobs for a lease; a
/// claim gives a fencing number, and every later change by the worker names it: false means that the job was cancelled
/// or that another worker has it, and the worker must drop it. Jobs of one document run one after another in the order
/// of their submission, whatever their priorities; workspaces take turns, however many jobs each has waiting.
/// </summary>
public interface IJobStore
{
    /// <summary>Queues a job.</summary>
    /// <param name="maxUnfinished">Most unfinished jobs of the workspace, this one included.</param>
    Task<JobEnqueue> EnqueueAsync(NewJob job, int maxUnfinished, CancellationToken cancellationToken);

    /// <summary>
    /// Takes up to <paramref name="max"/> jobs that wait, are due for another try, or whose lease has run out. They
    /// become <see cref="JobState.Extracting"/> with one more attempt and the next fencing number. An attempt that
    /// ended with its process counts too, so the worker gives up a job with too many.
    /// </summary>
    /// <param name="max">1–64.</param>
    /// <param name="lease">How long the job is the worker's without a renewal.</param>
    /// <param name="share">How much of the worker one workspace may take.</param>
    Task<IReadOnlyList<JobRecord>> ClaimAsync(
        string worker, int max, TimeSpan lease, ClaimShare share, CancellationToken cancellationToken);

    /// <summary>The same without a limit for one workspace.</summary>
    Task<IReadOnlyList<JobRecord>> ClaimAsync(
        string worker, int max, TimeSpan lease, CancellationToken cancellationToken) =>
        ClaimAsync(worker, max, lease, ClaimShare.Whole, cancellationToken);

    /// <summary>
    /// Takes this job as <see cref="ClaimAsync(string, int, TimeSpan, ClaimShare, CancellationToken)"/> would. Null if
    /// it is not due: over, in another worker's hands, waiting for its next try or for an earlier job of its document.
    /// </summary>
    Task<JobRecord?> ClaimOneAsync(Guid jobId, string worker, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>
    /// Jobs that may be claimed now, of many workspaces in the order of their turns; those of one by priority, then by
    /// number. Changes nothing.
    /// </summary>
    /// <param name="mostOfOneWorkspace">Most jobs of one workspace; fewer where many have some.</param>
    /// <param name="max">1–4,096.</param>
    ValueTask<IReadOnlyList<DueJob>> ListDueAsync(
        int mostOfOneWorkspace, int max, CancellationToken cancellationToken);

    /// <summary>Names of workers that hold jobs.</summary>
    ValueTask<IReadOnlyList<string>> ListWorkersAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Ends the leases of a worker that is known to be dead, so that its jobs can be claimed at once; returns how many.
    /// If it lives after all, it loses them, as with a lease that ran out.
    /// </summary>
    Task<int> ExpireLeasesAsync(string worker, CancellationToken cancellationToken);

    /// <summary>Prolongs the lease, counted from now.</summary>
    Task<bool> RenewAsync(Guid jobId, long fence, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Reports where the work stands; prolongs nothing.</summary>
    Task<bool> ReportAsync(Guid jobId, long fence, JobProgress progress, CancellationToken cancellationToken);

    /// <summary>
    /// Ends the job as done and records its document, in one step. Without a document the one that is recorded stays.
    /// </summary>
    Task<bool> CompleteAsync(
        Guid jobId, long fence, JobOutcome outcome, DocumentRecord? document, CancellationToken cancellationToken);

    /// <summary>Puts the job back for another try after <paramref name="delay"/>, and says why.</summary>
    Task<bool> RetryAsync(
        Guid jobId, long fence, string reason, TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>Puts the job back as if it had not been claimed: for a worker that is asked to stop.</summary>
    Task<bool> ReleaseAsync(Guid jobId, long fence, CancellationToken cancellationToken);

    /// <summary>Gives the job up: it becomes a dead letter with a reason that says what to do.</summary>
    Task<bool> FailAsync(Guid jobId, long fence, string reason, CancellationToken cancellationToken);

    /// <summary>
    /// Queues a dead letter again, due at once, with no tries counted and the next fencing number. Its reason stays
    /// until the next end.
    /// </summary>
    /// <param name="maxUnfinished">Most unfinished jobs of the workspace, this one included.</param>
    Task<JobRequeue> RequeueAsync(
        Guid workspaceUid, Guid jobId, int maxUnfinished, CancellationToken cancellationToken);

    /// <summary>Cancels a job that is not over. Returns it as it is then; null if there is none.</summary>
    Task<JobRecord?> CancelAsync(Guid workspaceUid, Guid jobId, CancellationToken cancellationToken);

    /// <summary>Cancels every unfinished job of a document, whose deletion overtakes them; returns how many.</summary>
    Task<int> CancelDocumentAsync(Guid workspaceUid, string documentId, CancellationToken cancellationToken);

    /// <summary>The job, or null.</summary>
    ValueTask<JobRecord?> FindAsync(Guid workspaceUid, Guid jobId, CancellationToken cancellationToken);

    /// <summary>The job that a request made, or null.</summary>
    ValueTask<JobRecord?> FindByRequestAsync(
        Guid workspaceUid, string requestId, CancellationToken cancellationToken);

    /// <summary>A workspace's jobs, newest first.</summary>
    /// <param name="states">Only these; empty: all.</param>
    /// <param name="beforeNumber">Exclusive <see cref="JobRecord.Number"/>; 0 for the beginning.</param>
    /// <param name="limit">1–1,001.</param>
    ValueTask<IReadOnlyList<JobRecord>> ListAsync(
        Guid workspaceUid, IReadOnlyCollection<JobState> states, long beforeNumber, int limit,
        CancellationToken cancellationToken);

    /// <summary>Numbers of unfinished jobs over all workspaces.</summary>
    ValueTask<JobBacklog> GetBacklogAsync(CancellationToken cancellationToken);

    /// <summary>Those of the jobs named that are not over.</summary>
    ValueTask<IReadOnlySet<Guid>> FindUnfinishedAsync(
        IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken);

    /// <summary>Those of the jobs named whose bytes are still needed: they are not over, or are dead letters.</summary>
    ValueTask<IReadOnlySet<Guid>> FindNeedingBytesAsync(
        IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken);

    /// <summary>Forgets jobs that have been over for longer than <paramref name="age"/>; returns how many.</summary>
    /// <param name="limit">At most this many in one step.</param>
    Task<int> PruneAsync(TimeSpan age, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Returns when there may be something to claim: at once when a job is queued in this process, else after the
    /// store's poll interval.
    /// </summary>
    Task WaitForWorkAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Returns when the job may have changed: at once when this process changed it, else after the store's poll
    /// interval.
    /// </summary>
    Task WaitForChangeAsync(Guid jobId, CancellationToken cancellationToken);
}

/// <summary>Where a claimed job stands.</summary>
/// <param name="State">Extracting, Embedding or Indexing.</param>
/// <param name="Chunks">Chunks made so far.</param>
/// <param name="ChunksWritten">Chunks written so far.</param>
public readonly record struct JobProgress(JobState State, long Chunks, long ChunksWritten);

/// <summary>Unfinished jobs of all workspaces.</summary>
/// <param name="Waiting">Queued, due or not.</param>
/// <param name="Running">Claimed.</param>
public readonly record struct JobBacklog(long Waiting, long Running);
