using System.Globalization;
using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;
using Rag.Hosting.Messaging;
using Rag.Metadata;

namespace Rag.Ingestor.Lanes;

/// <summary>
/// The lanes in which jobs wait for ingestors: a JetStream work queue with a durable pull consumer for each priority,
/// shared by all ingestors. Thread-safe.
/// <code>
/// rag.CLUSTER.jobs.lane.{high|normal|bulk}.{job id}      payload: the workspace's uid
/// </code>
/// A job is in them at most once: the stream refuses a second message of one subject. So a dispatcher may publish
/// whatever is due as often as it likes, and a message that was lost is simply published again.
/// </summary>
internal sealed class JobLanes
{
    /// <summary>Ingestors acknowledge as soon as they have claimed, so a message that waits longer was lost with one.</summary>
    private static readonly TimeSpan AckWait = TimeSpan.FromSeconds(10);

    /// <summary>JetStream's number for "the stream has a message of this subject already".</summary>
    private const int StoreFailed = 10077;

    private static readonly string[] Names = ["high", "normal", "bulk"];

    /// <summary>In which order the lanes are looked through: every lane is the first one at times, so none starves.</summary>
    private static readonly int[][] Orders =
    [
        [0, 1, 2], [0, 1, 2], [0, 1, 2], [1, 0, 2], [0, 1, 2], [0, 1, 2], [0, 1, 2], [2, 0, 1],
    ];

    private readonly string _prefix;
    private int _turn;

    public JobLanes(INatsConnection connection, NatsOptions nats)
    {
        _prefix = nats.Subject("jobs.lane");
        Queue = new DurableQueue(
            connection,
            new StreamConfig(nats.Stream("job-lanes"), [$"{_prefix}.*.*"])
            {
                Retention = StreamConfigRetention.Workqueue,
                Discard = StreamConfigDiscard.New,
                DiscardNewPerSubject = true,
                MaxMsgsPerSubject = 1,
                NumReplicas = nats.Replicas,
            },
            [.. Names.Select(name => new ConsumerConfig(name)
            {
                FilterSubject = $"{_prefix}.{name}.*",
                AckWait = AckWait,
                MaxDeliver = -1,
                MaxAckPending = 16_384,
            })]);
    }

    public DurableQueue Queue { get; }

    /// <summary>Indexes of the consumers, the one to look at first.</summary>
    public int[] NextOrder() => Orders[(uint)Interlocked.Increment(ref _turn) % Orders.Length];

    /// <summary>Publishes a job. False if it is in its lane already.</summary>
    /// <param name="round">Differs between any two times that the same job is published on purpose.</param>
    /// <exception cref="NatsException">It may be in its lane or not.</exception>
    public async Task<bool> PublishAsync(DueJob job, string round, CancellationToken cancellationToken)
    {
        var id = job.JobId.ToString("N");
        var lane = Names[Math.Clamp((int)job.Priority, 1, 3) - 1];
        var ack = await Queue.JetStream.PublishAsync(
            $"{_prefix}.{lane}.{id}", Encoding.ASCII.GetBytes(job.WorkspaceUid.ToString("N")),
            opts: new() { MsgId = string.Create(CultureInfo.InvariantCulture, $"{id}.{job.Fence}.{round}") },
            cancellationToken: cancellationToken);
        if (ack.Error is { ErrCode: StoreFailed })
            return false;
        if (ack.Error is not null)
            ack.EnsureSuccess();
        return true;
    }

    /// <summary>What a message is about; false for what no dispatcher wrote.</summary>
    public static bool TryRead(string subject, ReadOnlySpan<byte> payload, out Guid jobId, out Guid workspaceUid)
    {
        workspaceUid = default;
        return Guid.TryParseExact(subject.AsSpan(subject.LastIndexOf('.') + 1), "N", out jobId)
            && payload.Length == 32 && Guid.TryParseExact(Encoding.ASCII.GetString(payload), "N", out workspaceUid);
    }
}
