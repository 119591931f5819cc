using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rag.Metadata;

namespace Rag.Ingestor.Jobs;

/// <summary>
/// Claims jobs as long as there is room and runs them; the ingestor's part of a host.
/// </summary>
/// <remarks>
/// <code>
/// source ─claim (lease, fence)──▶ active jobs ──▶ read and cut ──▶ batches ──▶ router: embed, log
///   ▲                                │              (FairGate)     (bounded)     (FairGate)
///   └── retry, release ◀─────────────┴──▶ commit ──▶ done | failed
/// </code>
/// </remarks>
internal sealed class IngestorService(
    IMetadataStore metadata, IJobSource source, JobRunner runner, LeaseKeeper leases, Housekeeper housekeeper, ActiveJobs active,
    Solitude alone, IngestorOptions options, TimeProvider time, ILogger<IngestorService> logger) : BackgroundService
{
    private const int MostClaimed = 64;

    private static readonly TimeSpan ClaimPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestClaimPause = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _room = new(options.MaxJobs);
    private readonly ConcurrentDictionary<Task, ActiveJob> _running = new();

    public override void Dispose()
    {
        _room.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        IngestorLog.Started(logger, options.WorkerName, options.MaxJobs, options.MaxExtractions, options.MaxWrites);
        using var anyDeath = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task[] loops =
        [
            WatchAsync(ClaimLoopAsync, anyDeath),
            WatchAsync(source.RunAsync, anyDeath),
            WatchAsync(leases.RunAsync, anyDeath),
            WatchAsync(housekeeper.RunAsync, anyDeath),
        ];
        try
        {
            await Task.WhenAll(loops);
        }
        finally
        {
            // Their tokens are cancelled, so each gives its job back to the queue.
            var left = _running.Keys.ToArray();
            await Task.WhenAll(left);
            IngestorLog.Stopped(logger, left.Length);
        }
    }

    /// <summary>A loop that dies takes the others and the host with it, after it said so.</summary>
    private async Task WatchAsync(Func<CancellationToken, Task> loop, CancellationTokenSource anyDeath)
    {
        try
        {
            await Task.Run(() => loop(anyDeath.Token), anyDeath.Token);
        }
        catch (OperationCanceledException) when (anyDeath.IsCancellationRequested)
        {
        }
        catch (Exception defect)
        {
            IngestorLog.LoopDied(logger, defect);
            await anyDeath.CancelAsync();
            throw;
        }
    }

    private async Task ClaimLoopAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        var tookOver = false;
        while (true)
        {
            await _room.WaitAsync(cancellationToken);
            var room = 1;
            while (room < MostClaimed && _room.Wait(0, CancellationToken.None))
                room++;
            var claimed = 0;
            try
            {
                if (!tookOver)
                    await TakeOverAsync(cancellationToken);
                tookOver = true;
                // Registered before the look, so that what is queued in between is not waited for.
                var work = source.WaitForWorkAsync(cancellationToken);
                claimed = await ClaimAsync(room, cancellationToken);
                failures = 0;
                if (claimed == 0)
                    await work;
            }
            catch (MetadataStoreException failed)
            {
                var pause = Backoff.Jittered(ClaimPause, ++failures, LongestClaimPause);
                IngestorLog.ClaimFailed(logger, failed, pause);
                await Task.Delay(pause, time, cancellationToken);
            }
            finally
            {
                if (room > claimed)
                    _room.Release(room - claimed);
            }
        }
    }

    private async Task<int> ClaimAsync(int room, CancellationToken cancellationToken)
    {
        var share = active.Share(options.ShareOf(options.MaxJobs));
        var now = time.GetTimestamp();
        var claimed = await source.ClaimAsync(room, share, cancellationToken);
        foreach (var record in claimed)
            Start(new ActiveJob(record, now, cancellationToken));
        return claimed.Count;
    }

    /// <summary>Jobs that dead workers hold need not wait for their leases: a namesake's, or all where nobody else can be.</summary>
    private async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        var dead = alone.IsAlone ? await metadata.Jobs.ListWorkersAsync(cancellationToken) : [options.WorkerName];
        foreach (var worker in dead)
        {
            var jobs = await metadata.Jobs.ExpireLeasesAsync(worker, cancellationToken);
            if (jobs > 0)
                IngestorLog.TookOver(logger, jobs, worker);
        }
    }

    private void Start(ActiveJob job)
    {
        active.Add(job);
        var run = new Task<Task>(() => RunAsync(job));
        var ended = run.Unwrap();
        _running[ended] = job;
        // Removed by a continuation, because the task can end before it is added.
        _ = ended.ContinueWith(
            (task, _) => _running.TryRemove(task, out ActiveJob? _), null, CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        run.Start(TaskScheduler.Default);
    }

    private async Task RunAsync(ActiveJob job)
    {
        try
        {
            await runner.RunAsync(job);
        }
        finally
        {
            active.Remove(job);
            job.Dispose();
            _room.Release();
        }
    }
}
