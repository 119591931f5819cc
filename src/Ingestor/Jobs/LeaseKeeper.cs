using Microsoft.Extensions.Logging;
using Rag.Metadata;

namespace Rag.Ingestor.Jobs;

/// <summary>
/// Reports the progress of the jobs of this process, renews their leases, and ends the work on those that were
/// cancelled or taken over. One loop for all of them.
/// </summary>
internal sealed class LeaseKeeper(
    IMetadataStore metadata, ActiveJobs active, IngestorOptions options, TimeProvider time, ILogger<LeaseKeeper> logger)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.ReportInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await LookAsync(cancellationToken);
            }
            catch (MetadataStoreException failed)
            {
                // The leases last for several more looks.
                IngestorLog.ReportFailed(logger, failed);
            }
        }
    }

    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        var jobs = active.All;
        if (jobs.Count == 0)
            return;
        var unfinished = await metadata.Jobs.FindUnfinishedAsync(
            [.. jobs.Select(job => job.Record.JobId)], cancellationToken);
        await Task.WhenAll(jobs.Select(job => KeepAsync(job, unfinished.Contains(job.Record.JobId), cancellationToken)));
    }

    private async Task KeepAsync(ActiveJob job, bool isUnfinished, CancellationToken cancellationToken)
    {
        var record = job.Record;
        var held = isUnfinished;
        var progress = job.Progress;
        if (held && progress != job.Reported)
        {
            held = await metadata.Jobs.ReportAsync(record.JobId, record.Fence, progress, cancellationToken);
            job.Reported = progress;
        }

        if (held && time.GetElapsedTime(job.RenewedAt) > options.Lease / 3)
        {
            var now = time.GetTimestamp();
            held = await metadata.Jobs.RenewAsync(record.JobId, record.Fence, options.Lease, cancellationToken);
            job.RenewedAt = now;
        }

        // A job that just ended here is over as well, and nobody minds losing it.
        if (!held)
            job.Lose();
    }
}
