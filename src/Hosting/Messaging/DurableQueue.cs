using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using NATS.Net;

namespace Rag.Hosting.Messaging;

/// <summary>
/// A JetStream stream and its durable pull consumers, made where they are missing: at first, and again after NATS came
/// back without its storage. Thread-safe.
/// </summary>
public sealed class DurableQueue
{
    private readonly StreamConfig _stream;
    private readonly ConsumerConfig[] _consumers;
    private readonly SemaphoreSlim _one = new(1);
    private volatile Known? _known;

    /// <param name="stream">With its name.</param>
    /// <param name="consumers">With their names.</param>
    public DurableQueue(INatsConnection connection, StreamConfig stream, params ConsumerConfig[] consumers)
    {
        JetStream = connection.CreateJetStreamContext();
        _stream = stream;
        _consumers = consumers;
    }

    /// <summary>JetStream, to publish.</summary>
    public INatsJSContext JetStream { get; }

    /// <summary>A consumer, as it was found last; null before the first <see cref="EnsureAsync"/>.</summary>
    public INatsJSConsumer? Consumer(int index) => _known?.Consumers[index];

    /// <summary>
    /// Looks whether all is there and makes what is missing. True if the stream is another one than at the last look, so
    /// that what was published before may be gone.
    /// </summary>
    /// <exception cref="NatsException">JetStream does not answer, or refuses.</exception>
    public async Task<bool> EnsureAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var known = _known;
            var created = await FindStreamAsync(known is not null, cancellationToken);
            var consumers = new INatsJSConsumer[_consumers.Length];
            for (var i = 0; i < consumers.Length; i++)
                consumers[i] = await FindConsumerAsync(i, known is not null, cancellationToken);
            _known = new Known(created, consumers);
            return known?.Created != created;
        }
        finally
        {
            _one.Release();
        }
    }

    private async ValueTask<DateTimeOffset> FindStreamAsync(bool isKnown, CancellationToken cancellationToken)
    {
        INatsJSStream stream;
        try
        {
            stream = await JetStream.GetStreamAsync(_stream.Name!, cancellationToken);
        }
        catch (NatsJSApiException missing) when (missing.Error.ErrCode == NatsJSErrors.StreamNotFound)
        {
            stream = await JetStream.CreateStreamAsync(_stream, cancellationToken);
        }

        if (!isKnown && Differs(stream.Info.Config))
            stream = await JetStream.UpdateStreamAsync(_stream, cancellationToken);
        return stream.Info.Created;
    }

    /// <summary>Whether limits were changed since it was made.</summary>
    private bool Differs(StreamConfig found) =>
        found.NumReplicas != Math.Max(1, _stream.NumReplicas)
        || (_stream.MaxBytes > 0 && found.MaxBytes != _stream.MaxBytes)
        || (_stream.MaxAge > TimeSpan.Zero && found.MaxAge != _stream.MaxAge)
        || (_stream.MaxMsgSize > 0 && found.MaxMsgSize != _stream.MaxMsgSize)
        || (_stream.MaxMsgsPerSubject > 0 && found.MaxMsgsPerSubject != _stream.MaxMsgsPerSubject);

    private async ValueTask<INatsJSConsumer> FindConsumerAsync(
        int index, bool isKnown, CancellationToken cancellationToken)
    {
        if (isKnown)
        {
            try
            {
                return await JetStream.GetConsumerAsync(_stream.Name!, _consumers[index].Name!, cancellationToken);
            }
            catch (NatsJSApiException missing) when (missing.Error.ErrCode == NatsJSErrors.ConsumerNotFound)
            {
                // Made below.
            }
        }

        return await JetStream.CreateOrUpdateConsumerAsync(_stream.Name!, _consumers[index], cancellationToken);
    }

    private sealed record Known(DateTimeOffset Created, INatsJSConsumer[] Consumers);
}
