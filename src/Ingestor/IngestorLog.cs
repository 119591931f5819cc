using Microsoft.Extensions.Logging;

namespace Rag.Ingestor;

/// <summary>
/// Log events of this project, 8000 to 8999. Never document text, names of files least of all content.
/// </summary>
internal static partial class IngestorLog
{
    [LoggerMessage(8000, LogLevel.Information,
        "Ingesting as {Worker}: up to {Jobs} jobs, {Extractions} files read and {Writes} batches written at a time.")]
    public static partial void Started(ILogger logger, string worker, int jobs, int extractions, int writes);

    [LoggerMessage(8001, LogLevel.Information, "Ingestion stopped; {Released} unfinished jobs went back to the queue.")]
    public static partial void Stopped(ILogger logger, int released);

    [LoggerMessage(8002, LogLevel.Warning, "Jobs cannot be claimed, the next try is in {Delay}.")]
    public static partial void ClaimFailed(ILogger logger, Exception error, TimeSpan delay);

    [LoggerMessage(8003, LogLevel.Warning,
        "Job {JobId} of workspace {Workspace} failed for good after {Attempts} tries: {Reason}")]
    public static partial void JobFailed(ILogger logger, Guid jobId, string workspace, int attempts, string reason);

    [LoggerMessage(8004, LogLevel.Information,
        "Job {JobId} of workspace {Workspace} is tried again in {Delay}: {Reason}")]
    public static partial void JobRetried(ILogger logger, Guid jobId, string workspace, TimeSpan delay, string reason);

    [LoggerMessage(8005, LogLevel.Information, "Job {JobId} was cancelled or taken over by another worker.")]
    public static partial void JobLost(ILogger logger, Guid jobId);

    [LoggerMessage(8006, LogLevel.Error, "Job {JobId} met an unexpected error.")]
    public static partial void JobBroke(ILogger logger, Exception error, Guid jobId);

    [LoggerMessage(8007, LogLevel.Warning,
        "The end of job {JobId} cannot be recorded; its lease will run out and it will be tried again.")]
    public static partial void SettleFailed(ILogger logger, Exception error, Guid jobId);

    [LoggerMessage(8008, LogLevel.Warning, "Leases and progress cannot be reported at present.")]
    public static partial void ReportFailed(ILogger logger, Exception error);

    [LoggerMessage(8009, LogLevel.Warning, "Clearing away old jobs and files failed.")]
    public static partial void HousekeepingFailed(ILogger logger, Exception error);

    [LoggerMessage(8010, LogLevel.Debug, "Cleared away {Jobs} old jobs and {Blobs} files without a job.")]
    public static partial void Housekept(ILogger logger, int jobs, int blobs);

    [LoggerMessage(8011, LogLevel.Critical, "A loop of the ingestor died.")]
    public static partial void LoopDied(ILogger logger, Exception error);

    [LoggerMessage(8012, LogLevel.Debug,
        "Chunks of an abandoned try of job {JobId} could not be forgotten; they go by themselves after a day.")]
    public static partial void AbortFailed(ILogger logger, Exception error, Guid jobId);

    [LoggerMessage(8013, LogLevel.Warning,
        "The job lanes on NATS cannot be read; jobs are taken from the metadata store meanwhile.")]
    public static partial void LanesLost(ILogger logger, Exception error);

    [LoggerMessage(8014, LogLevel.Information, "The job lanes on NATS can be read again.")]
    public static partial void LanesFound(ILogger logger);

    [LoggerMessage(8015, LogLevel.Warning, "A message at {Subject} in the job lanes is none of a dispatcher's and was dropped.")]
    public static partial void StrangeMessage(ILogger logger, string subject);

    [LoggerMessage(8016, LogLevel.Warning, "Job {JobId} cannot be claimed at present; its message comes again.")]
    public static partial void ClaimRefused(ILogger logger, Exception error, Guid jobId);

    [LoggerMessage(8017, LogLevel.Information, "This process dispatches jobs to the lanes: {Holds}.")]
    public static partial void Dispatching(ILogger logger, bool holds);

    [LoggerMessage(8018, LogLevel.Warning, "Jobs cannot be dispatched at present, the next try is in {Delay}.")]
    public static partial void DispatchFailed(ILogger logger, Exception error, TimeSpan delay);

    [LoggerMessage(8019, LogLevel.Information, "{Jobs} jobs of former worker {Worker} can be claimed at once.")]
    public static partial void TookOver(ILogger logger, int jobs, string worker);
}
