using System.Diagnostics;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Rag.Ingestor.Documents;
using Rag.Metadata;
using Rag.Tokenization;

namespace Rag.Ingestor.Jobs;

/// <summary>Runs one try of a job and records what it came to. Thread-safe.</summary>
internal sealed class JobRunner(
    IMetadataStore metadata, DocumentIndexer indexer, IngestorOptions options, IngestorMetrics metrics,
    ILogger<JobRunner> logger)
{
    /// <summary>Tries of recording an end before the job is left to its lease.</summary>
    private const int SettleTries = 5;

    /// <summary>Tries of a job that meets an error of ours: it may be a passing one, but hardly so often.</summary>
    private const int TriesOfDefects = 3;

    private static readonly TimeSpan SettlePause = TimeSpan.FromMilliseconds(200);

    /// <summary>Never throws.</summary>
    public async Task RunAsync(ActiveJob job)
    {
        metrics.JobStarted();
        var verdict = await JudgeAsync(job);
        if (job.IsLost)
            verdict = verdict is JobVerdict.Completed { Document: not null } ? verdict : new JobVerdict.Lost();
        try
        {
            await SettleAsync(job.Record, verdict);
        }
        catch (Exception error)
        {
            IngestorLog.SettleFailed(logger, error, job.Record.JobId);
        }

        metrics.JobEnded(verdict.GetType().Name, Stopwatch.GetElapsedTime(job.Started));
    }

    private async Task<JobVerdict> JudgeAsync(ActiveJob job)
    {
        if (job.Record.Attempts > options.MaxAttempts)
        {
            return new JobVerdict.Failed(job.Record.Reason.Length > 0
                ? job.Record.Reason
                : $"The file was tried {options.MaxAttempts} times and the process ended each time; "
                    + "split it or send it in another format.");
        }

        try
        {
            return await indexer.IndexAsync(job, job.Token);
        }
        catch (OperationCanceledException) when (job.Token.IsCancellationRequested)
        {
            return job.IsLost ? new JobVerdict.Lost() : new JobVerdict.Released();
        }
        catch (RpcException refused)
        {
            return OfStatus(refused.Status);
        }
        catch (MetadataStoreException failed)
        {
            return new JobVerdict.Retry(failed.Message);
        }
        catch (TokenizerFormatException unusable)
        {
            return new JobVerdict.Retry(unusable.Message, TriesOfDefects);
        }
        catch (InvalidDataException damaged)
        {
            return new JobVerdict.Failed(damaged.Message);
        }
        catch (IOException failed)
        {
            return new JobVerdict.Retry($"The disk of the ingestor refused: {failed.Message}");
        }
        catch (Exception defect)
        {
            IngestorLog.JobBroke(logger, defect, job.Record.JobId);
            return new JobVerdict.Retry(
                "An internal error occurred; the log of the ingestor has the details.", TriesOfDefects);
        }
    }

    private static JobVerdict OfStatus(Status status) => CallFailures.Of(status.StatusCode) switch
    {
        CallFailure.Transient => new JobVerdict.Retry(status.Detail),
        CallFailure.Defect => new JobVerdict.Retry(status.Detail, TriesOfDefects),
        _ => new JobVerdict.Failed(status.Detail),
    };

    private async Task SettleAsync(JobRecord job, JobVerdict verdict)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await RecordAsync(job, verdict);
                return;
            }
            catch (MetadataStoreException) when (tries < SettleTries)
            {
                await Task.Delay(SettlePause * tries);
            }
        }
    }

    /// <summary>Not cancelled when the process stops: an end that is known should be on record.</summary>
    private async Task RecordAsync(JobRecord job, JobVerdict verdict)
    {
        var jobs = metadata.Jobs;
        var held = true;
        var isOver = false;
        switch (verdict)
        {
            case JobVerdict.Completed done:
                held = isOver = await jobs.CompleteAsync(job.JobId, job.Fence, done.Outcome, done.Document, default);
                // Its chunks are visible already, so it has to be listed, whoever has the job by now.
                if (!held && done.Document is not null)
                    await metadata.Documents.UpsertAsync(done.Document, default);
                break;
            // The bytes of a dead letter stay, so that it can be queued again.
            case JobVerdict.Retry retry when job.Attempts >= Math.Min(retry.MostAttempts, options.MaxAttempts):
                held = await FailAsync(job, $"Given up after {job.Attempts} tries: {retry.Reason}");
                break;
            case JobVerdict.Retry retry:
                var delay = Backoff.Jittered(options.JobRetryDelay, job.Attempts, options.MaxJobRetryDelay);
                held = await jobs.RetryAsync(job.JobId, job.Fence, retry.Reason, delay, default);
                if (held)
                    IngestorLog.JobRetried(logger, job.JobId, job.Workspace, delay, retry.Reason);
                break;
            case JobVerdict.Failed failed:
                held = await FailAsync(job, failed.Reason);
                break;
            case JobVerdict.Released:
                held = await jobs.ReleaseAsync(job.JobId, job.Fence, default);
                break;
            default:
                // Cancelled, or in another worker's hands, who still needs the bytes.
                held = false;
                isOver = !(await jobs.FindUnfinishedAsync([job.JobId], default)).Contains(job.JobId);
                break;
        }

        if (!held)
            IngestorLog.JobLost(logger, job.JobId);
        if (isOver)
            await metadata.Blobs.DeleteAsync(job.JobId, default);
    }

    private async Task<bool> FailAsync(JobRecord job, string reason)
    {
        var held = await metadata.Jobs.FailAsync(job.JobId, job.Fence, reason, default);
        if (held)
            IngestorLog.JobFailed(logger, job.JobId, job.Workspace, job.Attempts, reason);
        return held;
    }
}
