namespace NATS.Client.Core;

/// <summary>
/// A connection to NATS: publish, subscribe, request. It connects by itself at the first use, and again when it is
/// lost. Thread-safe; one is enough for a process.
/// </summary>
public interface INatsConnection : IAsyncDisposable
{
    /// <summary>The connection was lost.</summary>
    event AsyncEventHandler<NatsEventArgs>? ConnectionDisconnected;

    /// <summary>A connection was made, the first one or another.</summary>
    event AsyncEventHandler<NatsEventArgs>? ConnectionOpened;

    /// <summary>All servers were tried in vain; raised for each round, and once more when it is given up.</summary>
    event AsyncEventHandler<NatsEventArgs>? ReconnectFailed;

    /// <summary>A full subscription dropped a message.</summary>
    event AsyncEventHandler<NatsMessageDroppedEventArgs>? MessageDropped;

    /// <summary>A subscription began not to keep up.</summary>
    event AsyncEventHandler<NatsSlowConsumerEventArgs>? SlowConsumerDetected;

    /// <summary>The server goes out of service.</summary>
    event AsyncEventHandler<NatsLameDuckModeActivatedEventArgs>? LameDuckModeActivated;

    /// <summary>The server sent an error, such as a denied subject.</summary>
    event AsyncEventHandler<NatsServerErrorEventArgs>? ServerError;

    /// <summary>The options that it was made with.</summary>
    NatsOpts Opts { get; }

    /// <summary>Its state at this moment.</summary>
    NatsConnectionState ConnectionState { get; }

    /// <summary>What the server said of itself last, or null before the first connection.</summary>
    INatsServerInfo? ServerInfo { get; }

    /// <summary>Connects, or waits until a lost connection is back. Calls connect by themselves: this finds faults
    /// early.</summary>
    /// <exception cref="NatsConnectionFailedException">No server takes the connection.</exception>
    ValueTask ConnectAsync();

    /// <summary>
    /// A round trip to the server and the time it took. All that was published before has then reached the server.
    /// </summary>
    /// <exception cref="NatsException">The connection was lost before, or no answer came within CommandTimeout.</exception>
    ValueTask<TimeSpan> PingAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Publishes a message. It returns when the message stands in the send buffer, not when it has arrived: core NATS
    /// delivers at most once. While there is no connection, messages gather up to WriterBufferSize.
    /// </summary>
    /// <exception cref="ArgumentException">The subject, the reply subject or a header cannot be.</exception>
    /// <exception cref="NatsPayloadTooLargeException">Larger than the server's max_payload.</exception>
    /// <exception cref="NatsException">No room in the send buffer within CommandTimeout, or the connection was given
    /// up.</exception>
    ValueTask PublishAsync<T>(string subject, T data, NatsHeaders? headers = null, string? replyTo = null,
        INatsSerialize<T>? serializer = null, NatsPubOpts? opts = null, CancellationToken cancellationToken = default);

    /// <summary>Publishes an empty message; otherwise as the other one.</summary>
    ValueTask PublishAsync(string subject, NatsHeaders? headers = null, string? replyTo = null, NatsPubOpts? opts = null,
        CancellationToken cancellationToken = default);

    /// <summary>Subscribes for as long as it is enumerated.</summary>
    /// <exception cref="NatsException">The server denied the subject, or the connection was given up.</exception>
    IAsyncEnumerable<NatsMsg<T>> SubscribeAsync<T>(string subject, string? queueGroup = null,
        INatsDeserialize<T>? serializer = null, NatsSubOpts? opts = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Subscribes; the command stands in the send buffer when it returns, so what this connection publishes afterwards
    /// arrives. Of a queue group each message reaches one member.
    /// </summary>
    ValueTask<INatsSub<T>> SubscribeCoreAsync<T>(string subject, string? queueGroup = null,
        INatsDeserialize<T>? serializer = null, NatsSubOpts? opts = null, CancellationToken cancellationToken = default);

    /// <summary>Publishes a request and waits for its reply.</summary>
    /// <exception cref="NatsNoRespondersException">Nobody listens to the subject; known at once.</exception>
    /// <exception cref="NatsNoReplyException">No reply within the time of replyOpts, or RequestTimeout.</exception>
    ValueTask<NatsMsg<TReply>> RequestAsync<TRequest, TReply>(string subject, TRequest? data, NatsHeaders? headers = null,
        INatsSerialize<TRequest>? requestSerializer = null, INatsDeserialize<TReply>? replySerializer = null,
        NatsPubOpts? requestOpts = null, NatsSubOpts? replyOpts = null, CancellationToken cancellationToken = default);

    /// <summary>A subject that nobody else has.</summary>
    string NewInbox();
}
