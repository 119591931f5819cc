using System.Runtime.CompilerServices;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <summary>
/// Reads a stream in order through consumers that the server forgets by itself. Each delivery has a number; where one
/// is missing, or the consumer is gone or served by nobody, another one is made behind the last message. For one reader.
/// </summary>
internal sealed class NatsJSOrderedConsumer(NatsJSContext context, JSApi api, string stream,
    NatsJSOrderedConsumerOpts opts) : INatsJSConsumer
{
    private NatsJSConsumer? _inner;
    private ulong _lastStream;
    private ulong _lastDelivery;

    public ConsumerInfo Info { get; private set; } = new();

    /// <summary>Makes the consumer on the server.</summary>
    public async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        var config = new ConsumerConfig
        {
            DeliverPolicy = _lastStream > 0 ? ConsumerConfigDeliverPolicy.ByStartSequence : opts.DeliverPolicy,
            OptStartSeq = _lastStream > 0 ? _lastStream + 1 : opts.OptStartSeq,
            OptStartTime = _lastStream > 0 ? null : opts.OptStartTime,
            AckPolicy = ConsumerConfigAckPolicy.None,
            FilterSubject = opts.FilterSubject,
            HeadersOnly = opts.HeadersOnly,
            InactiveThreshold = opts.InactiveThreshold,
            MaxDeliver = 1,
            MemStorage = true,
            NumReplicas = 1,
        };
        Info = await context.CreateConsumerAsync(stream, config, cancellationToken);
        _inner = new NatsJSConsumer(context.Connection, api, Info, isReplaced: true);
        _lastDelivery = 0;
    }

    public async ValueTask RefreshAsync(CancellationToken cancellationToken = default)
    {
        if (_inner is null)
            await BeginAsync(cancellationToken);
        await _inner!.RefreshAsync(cancellationToken);
        Info = _inner.Info;
    }

    public async IAsyncEnumerable<INatsJSMsg<T>> ConsumeAsync<T>(INatsDeserialize<T>? serializer = null,
        NatsJSConsumeOpts? opts = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var failures = 0; ; failures++)
        {
            if (failures > 0)
                await Task.Delay(NatsJSConsumer.RetryWait(failures), cancellationToken);
            if (_inner is null && !await TryBeginAgainAsync(opts, cancellationToken))
                continue;
            await using var messages = _inner!.ConsumeAsync(serializer, opts,
                cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await TryMoveAsync(messages, opts?.NotificationHandler))
            {
                failures = -1;
                yield return messages.Current;
            }

            _inner = null;
        }
    }

    public async ValueTask<INatsJSMsg<T>?> NextAsync<T>(INatsDeserialize<T>? serializer = null, NatsJSNextOpts? opts = null,
        CancellationToken cancellationToken = default)
    {
        var fetch = new NatsJSFetchOpts { MaxMsgs = 1, Expires = opts?.Expires, IdleHeartbeat = opts?.IdleHeartbeat };
        await foreach (var message in FetchAsync(fetch, serializer, cancellationToken))
            return message;
        return null;
    }

    public IAsyncEnumerable<INatsJSMsg<T>> FetchAsync<T>(NatsJSFetchOpts opts, INatsDeserialize<T>? serializer = null,
        CancellationToken cancellationToken = default) =>
        InOrderAsync(consumer => consumer.FetchAsync(opts, serializer, cancellationToken), opts, cancellationToken);

    public IAsyncEnumerable<INatsJSMsg<T>> FetchNoWaitAsync<T>(NatsJSFetchOpts opts, INatsDeserialize<T>? serializer = null,
        CancellationToken cancellationToken = default) =>
        InOrderAsync(consumer => consumer.FetchNoWaitAsync(opts, serializer, cancellationToken), opts, cancellationToken);

    /// <summary>One batch. It ends early where something is missing; the next one goes on from there.</summary>
    private async IAsyncEnumerable<INatsJSMsg<T>> InOrderAsync<T>(Func<NatsJSConsumer, IAsyncEnumerable<INatsJSMsg<T>>> fetch,
        NatsJSFetchOpts opts, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (_inner is null)
            await BeginAsync(cancellationToken);
        var isWhole = false;
        await using var messages = fetch(_inner!).GetAsyncEnumerator(cancellationToken);
        // Left early, by the caller or by a fault, messages may be under way: the next batch begins with a new consumer.
        try
        {
            var left = opts.MaxMsgs ?? int.MaxValue;
            while (await TryMoveAsync(messages, opts.NotificationHandler, () => isWhole = true))
            {
                isWhole = --left == 0;
                yield return messages.Current;
            }
        }
        finally
        {
            if (!isWhole)
                _inner = null;
        }
    }

    /// <summary>The next message if it is the one that must come next.</summary>
    private async ValueTask<bool> TryMoveAsync<T>(
        IAsyncEnumerator<INatsJSMsg<T>> messages, Action<NatsJSNotification>? tell, Action? ended = null)
    {
        try
        {
            if (!await messages.MoveNextAsync())
            {
                ended?.Invoke();
                return false;
            }
        }
        catch (Exception e) when (e is NatsJSProtocolException or NatsJSApiNoResponseException)
        {
            tell?.Invoke(new NatsJSNotification(0, e.Message));
            return false;
        }

        if (messages.Current.Metadata is not { } metadata)
            throw new NatsJSException("A consumer's message has no acknowledgement subject that could be read.");
        if (metadata.Sequence.Consumer != _lastDelivery + 1)
        {
            tell?.Invoke(new NatsJSNotification(0, $"Delivery {_lastDelivery + 1} is missing; reading again behind {_lastStream}."));
            return false;
        }

        _lastDelivery++;
        _lastStream = metadata.Sequence.Stream;
        return true;
    }

    private async ValueTask<bool> TryBeginAgainAsync(NatsJSConsumeOpts? consumeOpts, CancellationToken cancellationToken)
    {
        try
        {
            await BeginAsync(cancellationToken);
            return true;
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == NatsJSErrors.StreamNotFound)
        {
            throw;
        }
        catch (NatsJSException e)
        {
            consumeOpts?.NotificationHandler?.Invoke(new NatsJSNotification(0, e.Message));
            return false;
        }
    }
}
