using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Rag.Hosting.Messaging;
using Rag.Ingestor.Jobs;
using Rag.Metadata;

namespace Rag.Ingestor.Lanes;

/// <summary>
/// The cluster's way: messages of the lanes say which jobs to claim. A message is acknowledged as soon as its job is
/// claimed or turns out not to be due, so one that comes twice, late or after a restart of NATS changes nothing: the row
/// decides. The ingestor looks into the store itself, as in the embedded case, while NATS is away, and where a workspace
/// has its share of it: the lane's next messages may all be of that one, and other workspaces stand behind them.
/// </summary>
internal sealed class LaneJobSource(
    IMetadataStore metadata, JobLanes lanes, BellListener filled, Bell room, INatsConnection connection,
    IngestorOptions options, TimeProvider time, ILogger<LaneJobSource> logger) : IJobSource
{
    /// <summary>How often the lanes are looked into without a ring: for what comes again, and for lost rings.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>When a job of a workspace that has its share of this worker is offered again, to whichever worker.</summary>
    private static readonly TimeSpan ShareDelay = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan FailureDelay = TimeSpan.FromSeconds(1);

    /// <summary>How long lanes that did not answer are left alone: each try may take seconds.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan FirstConnection = TimeSpan.FromSeconds(3);

    private bool _hasWaited;
    private bool _isEnsured;
    private bool _isAway;
    private long _lost;
    private long? _refused;

    public Task RunAsync(CancellationToken cancellationToken) => filled.RunAsync(cancellationToken);

    // The store tells when a job of this process ended: then there is room for the next one of its workspace.
    public Task WaitForWorkAsync(CancellationToken cancellationToken) => Task.WhenAny(
        filled.WaitAsync(PollInterval, cancellationToken), metadata.Jobs.WaitForWorkAsync(cancellationToken)).Unwrap();

    public async Task<IReadOnlyList<JobRecord>> ClaimAsync(
        int max, ClaimShare share, CancellationToken cancellationToken)
    {
        var claimed = new List<JobRecord>();
        try
        {
            if (_isAway && time.GetElapsedTime(_lost) < RetryPause)
                return await ClaimFromStoreAsync(max, share, claimed, cancellationToken);
            await ConnectedAsync(cancellationToken);
            if (!_isEnsured)
                await lanes.Queue.EnsureAsync(cancellationToken);
            _isEnsured = true;
            foreach (var lane in lanes.NextOrder())
            {
                if (claimed.Count < max)
                    await FetchAsync(lane, max, share, claimed, cancellationToken);
            }

            if (_isAway)
                IngestorLog.LanesFound(logger);
            _isAway = false;
        }
        catch (NatsException lost)
        {
            _isEnsured = false;
            if (!_isAway)
                IngestorLog.LanesLost(logger, lost);
            _isAway = true;
            _lost = time.GetTimestamp();
        }
        catch (OperationCanceledException) when (claimed.Count > 0)
        {
            // Handed over all the same, so that they are given back and need not wait for their leases.
            return claimed;
        }

        // Refused messages come again after a while; the jobs behind them are due now.
        var hasRefused = _refused is { } refused && time.GetElapsedTime(refused) < ShareDelay * 2;
        if (claimed.Count < max && (_isAway || hasRefused))
            await ClaimFromStoreAsync(max - claimed.Count, share, claimed, cancellationToken);
        if (claimed.Count > 0)
            room.Ring();
        return claimed;
    }

    private async Task<IReadOnlyList<JobRecord>> ClaimFromStoreAsync(
        int max, ClaimShare share, List<JobRecord> claimed, CancellationToken cancellationToken)
    {
        var held = new Dictionary<Guid, int>(share.Held);
        foreach (var job in claimed)
            held[job.WorkspaceUid] = held.GetValueOrDefault(job.WorkspaceUid) + 1;
        try
        {
            claimed.AddRange(await metadata.Jobs.ClaimAsync(
                options.WorkerName, max, options.Lease, share with { Held = held }, cancellationToken));
        }
        catch (MetadataStoreException failed) when (claimed.Count > 0)
        {
            IngestorLog.ClaimRefused(logger, failed, claimed[0].JobId);
        }

        return claimed;
    }

    /// <summary>Only the first connection is waited for, and not for long: the store has the jobs as well.</summary>
    private async Task ConnectedAsync(CancellationToken cancellationToken)
    {
        if (!_hasWaited)
        {
            _hasWaited = true;
            try
            {
                await connection.ConnectAsync().AsTask().WaitAsync(FirstConnection, cancellationToken);
            }
            catch (TimeoutException)
            {
                // It goes on in the background.
            }
        }

        if (connection.ConnectionState != NatsConnectionState.Open)
            throw new NatsException("There is no connection to NATS.");
    }

    private async Task FetchAsync(
        int lane, int max, ClaimShare share, List<JobRecord> claimed, CancellationToken cancellationToken)
    {
        NatsJSNotification? trouble = null;
        var opts = new NatsJSFetchOpts
        {
            MaxMsgs = max - claimed.Count,
            NotificationHandler = notification => trouble = notification,
        };
        var taken = new Dictionary<Guid, int>();
        foreach (var job in claimed)
            taken[job.WorkspaceUid] = taken.GetValueOrDefault(job.WorkspaceUid) + 1;
        var claims = new List<Task<JobRecord?>>();
        try
        {
            await foreach (var message in lanes.Queue.Consumer(lane)!.FetchNoWaitAsync<byte[]>(
                opts, cancellationToken: cancellationToken))
            {
                if (!JobLanes.TryRead(message.Subject, message.Data, out var jobId, out var workspaceUid))
                {
                    IngestorLog.StrangeMessage(logger, message.Subject);
                    await message.AckTerminateAsync(cancellationToken: cancellationToken);
                }
                else if (taken.GetValueOrDefault(workspaceUid) >= share.RoomOf(workspaceUid))
                {
                    _refused = time.GetTimestamp();
                    await message.NakAsync(delay: ShareDelay, cancellationToken: cancellationToken);
                }
                else
                {
                    taken[workspaceUid] = taken.GetValueOrDefault(workspaceUid) + 1;
                    claims.Add(ClaimAsync(message, jobId));
                }
            }
        }
        finally
        {
            // Whatever happened to the fetch: what is claimed is this worker's.
            foreach (var job in await Task.WhenAll(claims))
            {
                if (job is not null)
                    claimed.Add(job);
            }
        }

        // Silence of a consumer that should at least say that it has nothing.
        if (trouble is { Code: 0 })
            throw new NatsException($"A lane does not answer: {trouble.Message}");
    }

    /// <summary>
    /// Claims before it acknowledges: whichever is lost, the job is found again. Not cancelled: a claim that is made has to
    /// be known.
    /// </summary>
    private async Task<JobRecord?> ClaimAsync(INatsJSMsg<byte[]> message, Guid jobId)
    {
        try
        {
            var job = await metadata.Jobs.ClaimOneAsync(jobId, options.WorkerName, options.Lease, CancellationToken.None);
            await AnswerAsync(() => message.AckAsync(cancellationToken: CancellationToken.None));
            return job;
        }
        catch (MetadataStoreException failed)
        {
            IngestorLog.ClaimRefused(logger, failed, jobId);
            await AnswerAsync(() => message.NakAsync(delay: FailureDelay, cancellationToken: CancellationToken.None));
            return null;
        }
    }

    private static async Task AnswerAsync(Func<ValueTask> answer)
    {
        try
        {
            await answer();
        }
        catch (NatsException)
        {
            // It comes again, and then its job is not due or is claimed.
        }
    }
}
