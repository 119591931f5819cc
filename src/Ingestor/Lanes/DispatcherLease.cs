using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using NATS.Net;
using Rag.Hosting.Messaging;

namespace Rag.Ingestor.Lanes;

/// <summary>
/// Says which one of many processes dispatches: the writer of the last message of a stream, by compare-and-set on the
/// sequence of the whole stream. The holder writes again every second; whoever sees the same message for three seconds
/// by its own clock takes over, so clocks need not agree. Two holders for a moment would only publish twice what the
/// lanes take once. For one caller.
/// </summary>
internal sealed class DispatcherLease(INatsConnection connection, NatsOptions nats, TimeProvider time)
{
    /// <summary>How often <see cref="HoldAsync"/> is to be called.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(3);

    private readonly INatsJSContext _js = connection.CreateJetStreamContext();
    private readonly string _subject = nats.Subject("jobs.dispatcher");
    private readonly string _stream = nats.Stream("job-dispatcher");
    private readonly byte[] _owner = Encoding.ASCII.GetBytes(Guid.NewGuid().ToString("N"));

    private bool _isHeld;
    private ulong _sequence;
    private long _since;

    /// <summary>The sequence of the holder's message: no two terms have the same while the stream lives.</summary>
    public ulong Term => _sequence;

    /// <summary>Takes or renews the lease if that is possible and due.</summary>
    /// <returns>Whether this process holds it.</returns>
    /// <exception cref="NatsException">JetStream does not answer; then it counts as not held.</exception>
    public async Task<bool> HoldAsync(CancellationToken cancellationToken)
    {
        if (_isHeld && time.GetElapsedTime(_since) < Tick)
            return true;
        var wasHeld = _isHeld;
        _isHeld = false;
        if (!wasHeld && !await IsFreeAsync(cancellationToken))
            return false;
        return _isHeld = await WriteAsync(_owner, cancellationToken);
    }

    /// <summary>Lets another process take it at once.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        if (!_isHeld)
            return;
        _isHeld = false;
        await WriteAsync([], cancellationToken);
    }

    private async Task<bool> IsFreeAsync(CancellationToken cancellationToken)
    {
        INatsJSStream stream;
        try
        {
            stream = await _js.GetStreamAsync(_stream, cancellationToken);
        }
        catch (NatsJSApiException missing) when (missing.Error.ErrCode == NatsJSErrors.StreamNotFound)
        {
            stream = await _js.CreateStreamAsync(
                new StreamConfig(_stream, [_subject]) { MaxMsgsPerSubject = 1, NumReplicas = nats.Replicas },
                cancellationToken);
        }

        var last = stream.Info.State.LastSeq;
        if (last != _sequence)
        {
            _sequence = last;
            _since = time.GetTimestamp();
        }

        if (last == 0 || time.GetElapsedTime(_since) >= Duration)
            return true;
        try
        {
            var request = new StreamMsgGetRequest { LastBySubj = _subject };
            var message = (await stream.GetAsync(request, cancellationToken)).Message;
            // Released, or this process's own after an answer that was lost.
            return message.Seq == last && (message.Data.IsEmpty || message.Data.Span.SequenceEqual(_owner));
        }
        catch (NatsJSApiException gone) when (gone.Error.ErrCode == NatsJSErrors.NoMessageFound)
        {
            return true;
        }
    }

    private async Task<bool> WriteAsync(byte[] owner, CancellationToken cancellationToken)
    {
        // The id is of this write only: an equal one of a former owner must not be taken for it.
        var ack = await _js.PublishAsync(
            _subject, owner,
            opts: new() { MsgId = Guid.NewGuid().ToString("N"), ExpectedLastSequence = _sequence, RetryAttempts = 1 },
            cancellationToken: cancellationToken);
        if (ack.Error is not null)
            return false;
        _sequence = ack.Seq;
        _since = time.GetTimestamp();
        return true;
    }
}
