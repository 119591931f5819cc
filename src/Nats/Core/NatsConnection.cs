using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NATS.Client.Core.Connecting;
using NATS.Client.Core.Events;
using NATS.Client.Core.Protocol;
using NATS.Client.Core.Receiving;
using NATS.Client.Core.Sending;

namespace NATS.Client.Core;

/// <inheritdoc cref="INatsConnection"/>
public sealed class NatsConnection : INatsConnection, ISubscriptionOwner
{
    private const int InboxIdLength = 22;
    private const string InboxLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>How long disposal waits for what was published to leave.</summary>
    private static readonly TimeSpan FlushWait = TimeSpan.FromSeconds(2);

    private readonly OutgoingBuffer _outgoing;
    private readonly SubscriptionTable _subscriptions = new();
    private readonly ConcurrentDictionary<NatsConnection, bool> _dedicated = new();
    private readonly ConnectionLoop _loop;
    private readonly Publisher _publisher;
    private readonly EventPump _events;
    private readonly ILogger _logger;
    private readonly RequestInbox _inbox;
    private readonly string _inboxPrefix;
    private readonly Lock _inboxGate = new();
    private readonly bool _isDedicated;
    private volatile bool _inboxOpen;
    private long _lastInbox;
    private int _disposed;

    /// <summary>With all defaults: nats://localhost:4222.</summary>
    public NatsConnection()
        : this(NatsOpts.Default)
    {
    }

    /// <summary>With options; nothing is connected yet.</summary>
    /// <exception cref="ArgumentException">Options cannot be; all faults are listed.</exception>
    public NatsConnection(NatsOpts opts)
        : this(opts, isDedicated: false)
    {
    }

    private NatsConnection(NatsOpts opts, bool isDedicated)
    {
        NatsOptsCheck.Check(opts);
        Opts = opts;
        _isDedicated = isDedicated;
        _logger = opts.LoggerFactory.CreateLogger<NatsConnection>();
        _outgoing = new OutgoingBuffer(opts.WriterBufferSize);
        _events = new EventPump(_logger);
        _inboxPrefix = $"{opts.InboxPrefix}.{RandomNumberGenerator.GetString(InboxLetters, InboxIdLength)}.";
        _inbox = new RequestInbox(_inboxPrefix + "r.", this);
        _loop = new ConnectionLoop(opts, _outgoing, _subscriptions, new Signals(this), OnServerError, _logger);
        _publisher = new Publisher(_loop, _outgoing, opts);
    }

    /// <inheritdoc/>
    public event AsyncEventHandler<NatsEventArgs>? ConnectionDisconnected;

    /// <inheritdoc/>
    public event AsyncEventHandler<NatsEventArgs>? ConnectionOpened;

    /// <inheritdoc/>
    public event AsyncEventHandler<NatsEventArgs>? ReconnectFailed;

    /// <inheritdoc/>
    public event AsyncEventHandler<NatsMessageDroppedEventArgs>? MessageDropped;

    /// <inheritdoc/>
    public event AsyncEventHandler<NatsSlowConsumerEventArgs>? SlowConsumerDetected;

    /// <inheritdoc/>
    public event AsyncEventHandler<NatsLameDuckModeActivatedEventArgs>? LameDuckModeActivated;

    /// <inheritdoc/>
    public event AsyncEventHandler<NatsServerErrorEventArgs>? ServerError;

    /// <inheritdoc/>
    public NatsOpts Opts { get; }

    /// <inheritdoc/>
    public NatsConnectionState ConnectionState => _loop.State;

    /// <inheritdoc/>
    public INatsServerInfo? ServerInfo => _loop.Info;

    /// <inheritdoc/>
    public async ValueTask ConnectAsync() => await _loop.OpenAsync();

    /// <inheritdoc/>
    public async ValueTask<TimeSpan> PingAsync(CancellationToken cancellationToken = default)
    {
        if (!_loop.IsStarted)
            await _loop.OpenAsync().WaitAsync(cancellationToken);
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        await _publisher.WithinCommandTimeoutAsync(_outgoing.AppendPing(), "The server did not answer a ping", cancellationToken);
        return System.Diagnostics.Stopwatch.GetElapsedTime(began);
    }

    /// <inheritdoc/>
    public ValueTask PublishAsync<T>(string subject, T data, NatsHeaders? headers = null, string? replyTo = null,
        INatsSerialize<T>? serializer = null, NatsPubOpts? opts = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _publisher.PublishAsync(
            subject, data, headers, replyTo, serializer ?? Opts.SerializerRegistry.GetSerializer<T>(), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask PublishAsync(string subject, NatsHeaders? headers = null, string? replyTo = null, NatsPubOpts? opts = null,
        CancellationToken cancellationToken = default) =>
        PublishAsync(subject, default(ReadOnlyMemory<byte>), headers, replyTo,
            NatsDefaultSerializer<ReadOnlyMemory<byte>>.Default, opts, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<NatsMsg<T>> SubscribeAsync<T>(string subject, string? queueGroup = null,
        INatsDeserialize<T>? serializer = null, NatsSubOpts? opts = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var subscription = await SubscribeCoreAsync(subject, queueGroup, serializer, opts, cancellationToken);
        await foreach (var message in subscription.Msgs.ReadAllAsync(cancellationToken))
            yield return message;
    }

    /// <inheritdoc/>
    public async ValueTask<INatsSub<T>> SubscribeCoreAsync<T>(string subject, string? queueGroup = null,
        INatsDeserialize<T>? serializer = null, NatsSubOpts? opts = null, CancellationToken cancellationToken = default)
    {
        SubjectRules.CheckSubscribable(subject, nameof(subject));
        if (queueGroup is not null && !SubjectRules.IsQueueGroup(queueGroup))
            throw new ArgumentException("A queue group's name must have letters and no white space.", nameof(queueGroup));
        if (opts is { MaxMsgs: <= 0 } or { ChannelOpts.Capacity: <= 0 } or { ChannelOpts.MaxBytes: <= 0 })
            throw new ArgumentException("MaxMsgs, Capacity and MaxBytes must be greater than 0.", nameof(opts));
        if (!_loop.IsStarted)
            await _loop.OpenAsync().WaitAsync(cancellationToken);
        serializer ??= Opts.SerializerRegistry.GetDeserializer<T>();
        var fullMode = opts?.ChannelOpts?.FullMode ?? Opts.SubPendingChannelFullMode;
        if (fullMode == BoundedChannelFullMode.Wait)
            return await SubscribeAloneAsync(subject, queueGroup, serializer, opts, cancellationToken);
        var subscription = new NatsSub<T>(this, this, subject, queueGroup, serializer, opts, Opts);
        Subscribe(subscription);
        return subscription;
    }

    /// <inheritdoc/>
    public async ValueTask<NatsMsg<TReply>> RequestAsync<TRequest, TReply>(string subject, TRequest? data,
        NatsHeaders? headers = null,
        INatsSerialize<TRequest>? requestSerializer = null, INatsDeserialize<TReply>? replySerializer = null,
        NatsPubOpts? requestOpts = null, NatsSubOpts? replyOpts = null, CancellationToken cancellationToken = default)
    {
        if (!_inboxOpen)
            await OpenInboxAsync(cancellationToken);
        var timeout = replyOpts?.Timeout ?? Opts.RequestTimeout;
        using var ticket = _inbox.Expect(replySerializer ?? Opts.SerializerRegistry.GetDeserializer<TReply>());
        if (data is null)
            await PublishAsync(subject, headers, ticket.Subject, requestOpts, cancellationToken);
        else
            await PublishAsync(subject, data, headers, ticket.Subject, requestSerializer, requestOpts, cancellationToken);
        try
        {
            var reply = await ticket.Reply.WaitAsync(timeout, cancellationToken);
            return reply.HasNoResponders ? throw new NatsNoRespondersException($"Nobody listens to {subject}.") : reply;
        }
        catch (TimeoutException)
        {
            throw new NatsNoReplyException($"No reply from {subject} within {timeout.TotalSeconds:0.###} s.");
        }
    }

    /// <inheritdoc/>
    public string NewInbox() => $"{_inboxPrefix}{Interlocked.Increment(ref _lastInbox)}";

    /// <summary>
    /// Ends all subscriptions after what the server had sent for them has arrived, and returns when all that was
    /// published has reached the server. What waits in subscriptions can still be read; then dispose.
    /// </summary>
    public async ValueTask DrainAsync(CancellationToken cancellationToken = default)
    {
        foreach (var own in _dedicated.Keys)
            await own.DrainAsync(cancellationToken);
        var draining = _subscriptions.All.Where(subscription => subscription != _inbox).ToArray();
        foreach (var subscription in draining)
            _outgoing.Append(new UnsubscribeCommand(subscription.Sid));
        await PingAsync(cancellationToken);
        foreach (var subscription in draining)
            Forget(subscription);
    }

    /// <summary>Sends what was published (for at most 2 s), then closes. Subscriptions end; requests under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        foreach (var own in _dedicated.Keys)
            await own.DisposeAsync();
        // A dedicated connection publishes nothing, and may be too full to hear an answer.
        if (ConnectionState == NatsConnectionState.Open && !_isDedicated)
        {
            try
            {
                await _outgoing.SealAsync(new ObjectDisposedException(nameof(NatsConnection))).WaitAsync(FlushWait);
            }
            catch (Exception e) when (e is NatsException or TimeoutException or ObjectDisposedException)
            {
                // The connection is gone, and with it what could have been sent.
            }
        }

        await _loop.DisposeAsync();
        _inbox.End(null);
        await _events.DisposeAsync();
    }

    void ISubscriptionOwner.Remove(Subscription subscription)
    {
        if (Forget(subscription) && Volatile.Read(ref _disposed) == 0 && ConnectionState != NatsConnectionState.Failed)
            _outgoing.Append(new UnsubscribeCommand(subscription.Sid));
    }

    async ValueTask ISubscriptionOwner.DrainAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        if (_subscriptions.Find(subscription.Sid) != subscription)
            return;
        _outgoing.Append(new UnsubscribeCommand(subscription.Sid));
        await PingAsync(cancellationToken);
        Forget(subscription);
    }

    void ISubscriptionOwner.OnDropped(INatsSub subscription, int pending, long dropped, string subject) =>
        _events.Raise(MessageDropped, this, new NatsMessageDroppedEventArgs(subscription, pending, dropped, subject),
            isMinor: true);

    void ISubscriptionOwner.OnSlow(INatsSub subscription)
    {
        _logger.SlowConsumer(subscription.Subject);
        _events.Raise(SlowConsumerDetected, this, new NatsSlowConsumerEventArgs(subscription));
    }

    // First known, then asked for: a reconnect in between asks twice, which a server takes as once.
    private void Subscribe(Subscription subscription)
    {
        _subscriptions.Add(subscription);
        try
        {
            _outgoing.Append(new SubscribeCommand(subscription.Subject, subscription.QueueGroup, subscription.Sid,
                subscription.Remaining));
        }
        catch
        {
            Forget(subscription);
            throw;
        }
    }

    /// <summary>A subscription that is not to lose anything stops the reading: it gets a connection that nobody shares.</summary>
    private async ValueTask<INatsSub<T>> SubscribeAloneAsync<T>(string subject, string? queueGroup,
        INatsDeserialize<T> serializer,
        NatsSubOpts? opts, CancellationToken cancellationToken)
    {
        var own = new NatsConnection(Opts with { Name = Opts.Name + " " + subject }, isDedicated: true);
        _dedicated[own] = true;
        try
        {
            await own._loop.OpenAsync().WaitAsync(cancellationToken);
            own.SlowConsumerDetected += (_, args) =>
            {
                _events.Raise(SlowConsumerDetected, this, args);
                return default;
            };
            var subscription = new NatsSub<T>(own, this, subject, queueGroup, serializer, opts, Opts)
            {
                // Its own task ends there: it cannot be waited for from within.
                Ended = () => _ = Task.Run(() => DisposeDedicatedAsync(own), CancellationToken.None),
            };
            own.Subscribe(subscription);
            // Another connection carries what this one publishes next: only an answer says that the server knows.
            await own.PingAsync(cancellationToken);
            return subscription;
        }
        catch
        {
            await DisposeDedicatedAsync(own);
            throw;
        }
    }

    private async Task DisposeDedicatedAsync(NatsConnection own)
    {
        await own.DisposeAsync();
        _dedicated.TryRemove(own, out _);
    }

    private bool Forget(Subscription subscription)
    {
        var known = _subscriptions.Remove(subscription);
        subscription.End(null);
        return known;
    }

    private async ValueTask OpenInboxAsync(CancellationToken cancellationToken)
    {
        if (!_loop.IsStarted)
            await _loop.OpenAsync().WaitAsync(cancellationToken);
        lock (_inboxGate)
        {
            if (_inboxOpen)
                return;
            Subscribe(_inbox);
            _inboxOpen = true;
        }
    }

    private void OnServerError(string error)
    {
        _events.Raise(ServerError, this, new NatsServerErrorEventArgs(error));
        // Permissions Violation for Subscription to "subject" [using queue "group"]
        const string Denied = "Permissions Violation for Subscription to \"";
        if (!error.StartsWith(Denied, StringComparison.OrdinalIgnoreCase))
            return;
        var subject = error[Denied.Length..].Split('"')[0];
        foreach (var subscription in _subscriptions.All.Where(subscription =>
            subscription.Subject == subject && subscription != _inbox))
        {
            _subscriptions.Remove(subscription);
            subscription.End(new NatsServerException(error));
        }
    }

    private sealed class Signals(NatsConnection connection) : ConnectionSignals
    {
        public override void Opened(string server) =>
            connection._events.Raise(connection.ConnectionOpened, connection, new NatsEventArgs(server));

        public override void Disconnected(string reason) =>
            connection._events.Raise(connection.ConnectionDisconnected, connection, new NatsEventArgs(reason));

        public override void ReconnectFailed(string reason) =>
            connection._events.Raise(connection.ReconnectFailed, connection, new NatsEventArgs(reason));

        public override void LameDuck(Uri server) =>
            connection._events.Raise(connection.LameDuckModeActivated, connection,
                new NatsLameDuckModeActivatedEventArgs(server));
    }
}
