using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rag.Metadata;
using Rag.Router.Shards;

namespace Rag.Router.Workspaces;

/// <summary>
/// Finishes what stopped half-way: creations, changes and deletions of workspaces whose router died or whose shards
/// were away; bytes of uploads that never became a job; jobs that were over long ago. One loop, owned by the host.
/// </summary>
internal sealed class WorkspaceSweeper(
    IMetadataStore metadata, WorkspaceLifecycle lifecycle, RouterOptions options, TimeProvider time,
    ILogger<WorkspaceSweeper> logger)
    : BackgroundService
{
    private const int Page = 1000;
    private const int PrunePage = 1000;

    /// <summary>Time for one workspace: its shards may be away, and others wait behind it.</summary>
    private static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan HousekeepingInterval = TimeSpan.FromMinutes(1);

    /// <summary>One turn over everything; returns how many workspaces it finished.</summary>
    /// <param name="minAge">Younger changes are left to the call that made them.</param>
    internal async Task<int> SweepAsync(TimeSpan minAge, CancellationToken cancellationToken)
    {
        var finished = 0;
        foreach (var record in await metadata.Workspaces.ListUnfinishedAsync(Page, cancellationToken))
        {
            if (time.GetUtcNow() - record.UpdateTime < minAge)
                continue;
            if (await TryFinishAsync(record, cancellationToken))
                finished++;
        }

        return finished;
    }

    /// <summary>Removes what nobody needs any more.</summary>
    internal async Task TidyAsync(CancellationToken cancellationToken)
    {
        await metadata.Jobs.PruneAsync(options.JobRetention, PrunePage, cancellationToken);
        var removed = 0;
        var after = Guid.Empty;
        while (true)
        {
            var blobs = await metadata.Blobs.ListUntouchedAsync(options.OrphanAge, after, Page, cancellationToken);
            if (blobs.Count == 0)
                break;
            var needed = await metadata.Jobs.FindUnfinishedAsync(blobs, cancellationToken);
            foreach (var blob in blobs)
            {
                if (needed.Contains(blob))
                    continue;
                await metadata.Blobs.DeleteAsync(blob, cancellationToken);
                removed++;
            }

            after = blobs[^1];
        }

        if (removed > 0)
            RouterLog.OrphansRemoved(logger, removed);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Leave the thread that starts the host.
        await Task.Yield();
        var minAge = TimeSpan.Zero;
        long? tidied = null;
        using var timer = new PeriodicTimer(options.SweepInterval, time);
        try
        {
            do
            {
                try
                {
                    await SweepAsync(minAge, stoppingToken);
                    minAge = options.SweepInterval;
                    if (tidied is null || time.GetElapsedTime(tidied.Value) > HousekeepingInterval)
                    {
                        await TidyAsync(stoppingToken);
                        tidied = time.GetTimestamp();
                    }
                }
                catch (Exception error) when (!stoppingToken.IsCancellationRequested)
                {
                    RouterLog.SweepFailed(logger, error);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task<bool> TryFinishAsync(WorkspaceRecord record, CancellationToken cancellationToken)
    {
        try
        {
            await lifecycle.FinishAsync(record, new CallScope(DateTime.UtcNow + StepTimeout, cancellationToken));
            RouterLog.Swept(logger, record.Name, record.Uid, record.State.ToString(), record.Version);
            return true;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            RouterLog.SweepPostponed(logger, record.Name, record.Uid, record.State.ToString(), error);
            return false;
        }
    }
}
