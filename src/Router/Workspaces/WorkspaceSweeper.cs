using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rag.Metadata;
using Rag.Router.Shards;

namespace Rag.Router.Workspaces;

/// <summary>
/// Finishes what stopped half-way: creations, changes and deletions of workspaces whose router died or whose shards
/// were away. One loop, owned by the host. (Uploads that never became a job are the ingestor's to clear away.)
/// </summary>
internal sealed class WorkspaceSweeper(
    IMetadataStore metadata, WorkspaceLifecycle lifecycle, RouterOptions options, TimeProvider time,
    ILogger<WorkspaceSweeper> logger)
    : BackgroundService
{
    private const int Page = 1000;

    /// <summary>Time for one workspace: its shards may be away, and others wait behind it.</summary>
    private static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(10);

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

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Leave the thread that starts the host.
        await Task.Yield();
        var minAge = TimeSpan.Zero;
        using var timer = new PeriodicTimer(options.SweepInterval, time);
        try
        {
            do
            {
                try
                {
                    await SweepAsync(minAge, stoppingToken);
                    minAge = options.SweepInterval;
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
