using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Rag.Hosting.Messaging;

namespace Rag.Hosting.Topology;

/// <summary>
/// The stream that topologies are kept in, one message a version. A version is written only behind the one that its
/// writer has seen: by the expected last sequence of the whole stream, which servers check when they apply it. (The
/// sequence of a subject they check before, so that on replicated streams up to 2.9.20 two writers may win.) Thread-safe.
/// </summary>
internal sealed class TopologyLog(INatsConnection connection, NatsOptions options)
{
    /// <summary>Versions that stay readable, for whoever wants to know what was changed.</summary>
    private const int KeptVersions = 256;

    /// <summary>Servers leave requests unanswered while they elect a leader: asking again soon is the way.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly NatsJSContext _js = new(
        connection, new NatsJSOpts { RequestTimeout = TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, options.RequestTimeout.Ticks)) });
    private readonly string _stream = options.Stream("topology");
    private readonly string _subject = options.Subject("topology");

    /// <summary>Published after a version was stored, so that nobody has to ask often.</summary>
    public string NewsSubject { get; } = options.Subject("topology-changed");

    /// <summary>Makes the stream where there is none.</summary>
    /// <exception cref="TopologyUnavailableException">JetStream does not answer.</exception>
    public Task CreateAsync(CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        await _js.CreateStreamAsync(
            new StreamConfig(_stream, [_subject])
            {
                Description = "Versions of the topology",
                NumReplicas = options.Replicas,
                MaxMsgs = KeptVersions,
            },
            cancellationToken);
        return true;
    });

    /// <summary>The newest version as the stream's leader has it; null: there is no stream.</summary>
    /// <exception cref="TopologyUnavailableException">JetStream does not answer.</exception>
    /// <exception cref="InvalidTopologyException">What lies there is not usable.</exception>
    public Task<Entry?> ReadLastAsync(CancellationToken cancellationToken) => GuardAsync<Entry?>(async () =>
    {
        try
        {
            var stream = await _js.GetStreamAsync(_stream, cancellationToken);
            var last = stream.Info.State.LastSeq;
            if (stream.Info.State.Messages == 0)
                return new Entry(null, last);
            var stored = await stream.GetAsync(new StreamMsgGetRequest { LastBySubj = _subject }, cancellationToken);
            return new Entry(ClusterTopology.Parse(Encoding.UTF8.GetString(stored.Message.Data.Span)), stored.Message.Seq);
        }
        catch (NatsJSApiException none) when (none.Error.ErrCode == NatsJSErrors.StreamNotFound)
        {
            return null;
        }
    });

    /// <summary>Stores a version behind what its writer has seen.</summary>
    /// <returns>False: another writer was faster.</returns>
    /// <exception cref="TopologyUnavailableException">No answer: it may have been stored or not.</exception>
    public Task<bool> AppendAsync(ClusterTopology topology, ulong lastSequence, CancellationToken cancellationToken) =>
        GuardAsync(async () =>
        {
            var answer = await _js.PublishAsync(
                _subject, Encoding.UTF8.GetBytes(topology.ToJson()),
                opts: new NatsJSPubOpts { ExpectedStream = _stream, ExpectedLastSequence = lastSequence, RetryAttempts = 1 },
                cancellationToken: cancellationToken);
            if (answer.Error is { ErrCode: NatsJSErrors.WrongLastSequence })
                return false;
            answer.EnsureSuccess();
            await connection.PublishAsync(NewsSubject, cancellationToken: cancellationToken);
            return true;
        });

    private static async Task<T> GuardAsync<T>(Func<Task<T>> action)
    {
        try
        {
            return await action();
        }
        catch (NatsPayloadTooLargeException large)
        {
            throw new InvalidTopologyException(
                $"The topology is larger than what NATS takes: raise max_payload of its servers. {large.Message}", large);
        }
        catch (NatsException fault)
        {
            throw new TopologyUnavailableException($"The topology cannot be read from or written to NATS: {fault.Message}", fault);
        }
    }

    /// <param name="Topology">Null: the stream is empty.</param>
    /// <param name="Sequence">Of the last message: what a change has to expect.</param>
    public readonly record struct Entry(ClusterTopology? Topology, ulong Sequence);
}
