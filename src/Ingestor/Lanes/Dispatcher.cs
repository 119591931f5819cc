using System.Globalization;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using Rag.Hosting.Messaging;
using Rag.Ingestor.Jobs;
using Rag.Metadata;

namespace Rag.Ingestor.Lanes;

/// <summary>
/// Admits jobs into the lanes: of each workspace the few that are next, so that a tenant's million files stand behind one
/// another and not before another tenant's one. Every ingestor can do it and the one with the lease does. It keeps nothing
/// that matters: what is due stands in the rows, and the lanes take each job once, so after a kill, a lost message or an
/// emptied stream the next round puts everything right.
/// <code>
/// rows that are due ──▶ a few of each workspace ──▶ lanes ──▶ any ingestor: claim the row, acknowledge, work
///        ▲                                                        │
///        └─────────── next try, lease run out, requeued ◀─────────┘
/// </code>
/// </summary>
internal sealed class Dispatcher(
    IMetadataStore metadata, JobLanes lanes, DispatcherLease lease, BellListener bell, Bell filled,
    IngestorOptions options, IngestorMetrics metrics, TimeProvider time, ILogger<Dispatcher> logger)
{
    private const int PublishesAtATime = 64;

    /// <summary>How often it is looked whether the stream is still the same.</summary>
    private static readonly TimeSpan EnsureInterval = TimeSpan.FromSeconds(2);

    /// <summary>When a job that is still due is published again; doubles each time.</summary>
    private static readonly TimeSpan FirstResend = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LongestResend = TimeSpan.FromSeconds(60);

    /// <summary>Between two rounds at least, so that many rings make one round.</summary>
    private static readonly TimeSpan RoundPause = TimeSpan.FromMilliseconds(5);

    /// <summary>A rest is so many times as long as the round before it: the tables are not asked all the time.</summary>
    private const int RestPerRound = 4;

    private static readonly TimeSpan FailurePause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestFailurePause = TimeSpan.FromSeconds(5);

    private Dictionary<Guid, Sent> _sent = [];
    private long _round;
    private long? _ensured;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        var held = false;
        try
        {
            while (true)
            {
                try
                {
                    var had = held;
                    held = false;
                    held = await lease.HoldAsync(cancellationToken);
                    if (held != had)
                        IngestorLog.Dispatching(logger, held);
                    if (!held)
                    {
                        _ensured = null;
                        await Task.Delay(DispatcherLease.Tick, time, cancellationToken);
                        continue;
                    }

                    var ring = bell.WaitAsync(options.DispatchInterval, cancellationToken);
                    var began = time.GetTimestamp();
                    await RoundAsync(cancellationToken);
                    failures = 0;
                    await Task.Delay(RestAfter(time.GetElapsedTime(began)), time, cancellationToken);
                    await ring;
                }
                catch (Exception failed) when (failed is NatsException or MetadataStoreException)
                {
                    var pause = Backoff.Jittered(FailurePause, ++failures, LongestFailurePause);
                    IngestorLog.DispatchFailed(logger, failed, pause);
                    _ensured = null;
                    await Task.Delay(pause, time, cancellationToken);
                }
            }
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    /// <summary>Publishes what is due and not known to be in the lanes.</summary>
    internal async Task RoundAsync(CancellationToken cancellationToken)
    {
        if (_ensured is not { } ensured || time.GetElapsedTime(ensured) > EnsureInterval)
        {
            if (await lanes.Queue.EnsureAsync(cancellationToken) || _ensured is null)
                _sent = [];
            _ensured = time.GetTimestamp();
        }

        var due = await metadata.Jobs.ListDueAsync(
            options.LaneJobsPerWorkspace, options.LaneJobs, cancellationToken);
        var sent = new Dictionary<Guid, Sent>(due.Count);
        var publish = new List<DueJob>();
        foreach (var job in InTurns(due))
        {
            if (_sent.TryGetValue(job.JobId, out var former) && former.Fence == job.Fence
                && time.GetElapsedTime(former.At) < former.Patience)
                sent.Add(job.JobId, former);
            else
                publish.Add(job);
        }

        // Before anything is published: what fails in the middle is published again, which does no harm.
        var before = _sent;
        _sent = sent;
        var stored = 0;
        foreach (var batch in publish.Chunk(PublishesAtATime))
        {
            var round = string.Create(CultureInfo.InvariantCulture, $"{lease.Term}.{++_round}");
            var done = await Task.WhenAll(batch.Select(job => lanes.PublishAsync(job, round, cancellationToken)));
            var now = time.GetTimestamp();
            for (var i = 0; i < batch.Length; i++)
            {
                var job = batch[i];
                stored += done[i] ? 1 : 0;
                var patience = before.TryGetValue(job.JobId, out var former) && former.Fence == job.Fence && !done[i]
                    ? former.Patience * 2
                    : FirstResend;
                sent[job.JobId] = new Sent(
                    job.Fence, now, patience < LongestResend ? patience : LongestResend);
            }

            if (stored > 0)
                filled.Ring();
        }

        metrics.Dispatched(stored);
    }

    private TimeSpan RestAfter(TimeSpan round) =>
        TimeSpan.FromTicks(Math.Clamp(round.Ticks * RestPerRound, RoundPause.Ticks, options.DispatchInterval.Ticks));

    /// <summary>The first of each workspace, then the second of each: lanes are first in, first out.</summary>
    private static IEnumerable<DueJob> InTurns(IReadOnlyList<DueJob> due)
    {
        var places = new Dictionary<Guid, int>();
        var placed = new (int Place, DueJob Job)[due.Count];
        for (var i = 0; i < placed.Length; i++)
        {
            var place = places.GetValueOrDefault(due[i].WorkspaceUid);
            places[due[i].WorkspaceUid] = place + 1;
            placed[i] = (place, due[i]);
        }

        return placed.OrderBy(static each => each.Place).Select(static each => each.Job);
    }

    private async Task ReleaseAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(DispatcherLease.Tick);
            await lease.ReleaseAsync(limit.Token);
        }
        catch (Exception lost) when (lost is NatsException or OperationCanceledException or ObjectDisposedException)
        {
            // It runs out by itself.
        }
    }

    private readonly record struct Sent(long Fence, long At, TimeSpan Patience);
}
