using Microsoft.Extensions.Logging;
using Rag.Ingestor.Extraction;
using Rag.Metadata;

namespace Rag.Ingestor.Jobs;

/// <summary>Clears away files whose job is over or never came to be, and jobs that were over long ago.</summary>
internal sealed class Housekeeper(
    IMetadataStore metadata, IngestorOptions options, TimeProvider time, ILogger<Housekeeper> logger)
{
    private const int AtATime = 256;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.HousekeepingInterval, time);
        do
        {
            try
            {
                TemporaryFile.DeleteOlderThan(options.Extraction.TemporaryFolder, time.GetUtcNow() - options.OrphanAge);
                var blobs = await SweepBlobsAsync(cancellationToken);
                var jobs = await PruneJobsAsync(cancellationToken);
                if (blobs + jobs > 0)
                    IngestorLog.Housekept(logger, jobs, blobs);
            }
            catch (MetadataStoreException failed)
            {
                IngestorLog.HousekeepingFailed(logger, failed);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task<int> SweepBlobsAsync(CancellationToken cancellationToken)
    {
        var deleted = 0;
        var after = Guid.Empty;
        while (true)
        {
            var found = await metadata.Blobs.ListUntouchedAsync(options.OrphanAge, after, AtATime, cancellationToken);
            if (found.Count == 0)
                return deleted;
            after = found[^1];
            var needed = await metadata.Jobs.FindNeedingBytesAsync([.. found], cancellationToken);
            foreach (var jobId in found)
            {
                if (needed.Contains(jobId))
                    continue;
                await metadata.Blobs.DeleteAsync(jobId, cancellationToken);
                deleted++;
            }
        }
    }

    private async Task<int> PruneJobsAsync(CancellationToken cancellationToken)
    {
        var pruned = 0;
        int step;
        do
        {
            step = await metadata.Jobs.PruneAsync(options.JobRetention, AtATime, cancellationToken);
            pruned += step;
        }
        while (step == AtATime);

        return pruned;
    }
}
