using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <summary>A pull consumer. Thread-safe; an ordered one is for one reader.</summary>
public interface INatsJSConsumer
{
    /// <summary>What the server last said of it.</summary>
    ConsumerInfo Info { get; }

    /// <summary>Asks the server anew.</summary>
    ValueTask RefreshAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Messages without an end, asked for ahead. It goes on by itself after a reconnect and after missed heartbeats.
    /// </summary>
    /// <exception cref="NatsJSProtocolException">The consumer was deleted, or refused the request.</exception>
    IAsyncEnumerable<INatsJSMsg<T>> ConsumeAsync<T>(INatsDeserialize<T>? serializer = null, NatsJSConsumeOpts? opts = null,
        CancellationToken cancellationToken = default);

    /// <summary>The next message, or null where none comes in time.</summary>
    /// <exception cref="NatsJSProtocolException">The consumer was deleted, or refused the request.</exception>
    ValueTask<INatsJSMsg<T>?> NextAsync<T>(INatsDeserialize<T>? serializer = null, NatsJSNextOpts? opts = null,
        CancellationToken cancellationToken = default);

    /// <summary>A batch: ends when it is full, when its time is over, or when the server went silent.</summary>
    /// <exception cref="NatsJSProtocolException">The consumer was deleted, or refused the request.</exception>
    IAsyncEnumerable<INatsJSMsg<T>> FetchAsync<T>(NatsJSFetchOpts opts, INatsDeserialize<T>? serializer = null,
        CancellationToken cancellationToken = default);

    /// <summary>A batch of what is there at this moment.</summary>
    /// <exception cref="NatsJSProtocolException">The consumer was deleted, or refused the request.</exception>
    IAsyncEnumerable<INatsJSMsg<T>> FetchNoWaitAsync<T>(NatsJSFetchOpts opts, INatsDeserialize<T>? serializer = null,
        CancellationToken cancellationToken = default);
}
