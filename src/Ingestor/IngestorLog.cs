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
}
