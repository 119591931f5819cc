using System.Net.Sockets;
using System.Reflection;
using Microsoft.Extensions.Logging;
using NATS.Client.Core.Events;
using NATS.Client.Core.Protocol;
using NATS.Client.Core.Receiving;
using NATS.Client.Core.Sending;

namespace NATS.Client.Core.Connecting;

/// <summary>
/// Keeps a connection: the first one, and after each loss the next one, with the subscriptions made anew before
/// anything else is sent.
/// <code>
/// Closed ── start ──▶ Connecting ──▶ Open ── lost ──▶ Reconnecting ──▶ Open …
///    ▲                    │                                │
///    └── no server ───────┘          credentials refused twice, or no retry left ──▶ Failed
/// </code>
/// </summary>
internal sealed class ConnectionLoop : ISessionEvents, IAsyncDisposable
{
    private static readonly string Version =
        typeof(ConnectionLoop).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    private readonly NatsOpts _opts;
    private readonly OutgoingBuffer _outgoing;
    private readonly SubscriptionTable _subscriptions;
    private readonly Action<string> _onServerError;
    private readonly ConnectionSignals _signals;
    private readonly ILogger _logger;
    private readonly ServerPool _pool;
    private readonly Authenticator _authenticator;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _refusals = [];
    private TaskCompletionSource _opened = NewSource();
    private Task? _first;
    private Task? _running;
    private volatile ServerInfo? _info;
    private int _state;

    public ConnectionLoop(NatsOpts opts, OutgoingBuffer outgoing, SubscriptionTable subscriptions,
        ConnectionSignals signals, Action<string> onServerError, ILogger logger)
    {
        _opts = opts;
        _outgoing = outgoing;
        _subscriptions = subscriptions;
        _signals = signals;
        _onServerError = onServerError;
        _logger = logger;
        _pool = new ServerPool(opts);
        _authenticator = new Authenticator(opts);
    }

    public NatsConnectionState State => (NatsConnectionState)Volatile.Read(ref _state);

    public ServerInfo? Info => _info;

    /// <summary>Whether the first connection has been made: from then on commands are taken in at any time.</summary>
    public bool IsStarted => _info is not null;

    /// <summary>Ends when a connection is open; makes the first one where there has been none.</summary>
    /// <exception cref="NatsConnectionFailedException">No server takes the first connection, or it is given up for
    /// good.</exception>
    public Task OpenAsync()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, typeof(NatsConnection));
            if (_running is not null)
                return _opened.Task;
            if (_first is null or { IsFaulted: true } or { IsCanceled: true })
                _first = OpenFirstAsync();
            return _first;
        }
    }

    public void OnInfo(ServerLink link, ServerInfo info)
    {
        var wasLeaving = _info is { LameDuckMode: true };
        _info = info;
        _pool.Told(link.Server, info.ClientConnectUrls);
        if (!info.LameDuckMode || wasLeaving)
            return;
        _logger.LameDuck(link.Server.ToString());
        _signals.LameDuck(link.Server.Uri);
    }

    public void OnServerError(ServerLink link, string error)
    {
        _logger.ServerError(link.Server.ToString(), error);
        _onServerError(error);
    }

    public async ValueTask DisposeAsync()
    {
        Task? running;
        lock (_gate)
        {
            if (_stop.IsCancellationRequested)
                return;
            _stop.Cancel();
            running = _running;
        }

        // A reader that waits for its subscriber wakes up here.
        var reason = new ObjectDisposedException(nameof(NatsConnection));
        _subscriptions.EndAll(null);
        _outgoing.Close(reason);
        if (running is not null)
            await running;
        _subscriptions.EndAll(null);
        SetState(NatsConnectionState.Closed);
        lock (_gate)
            _opened.TrySetException(reason);
        _ = _opened.Task.Exception;
    }

    private async Task OpenFirstAsync()
    {
        await Task.Yield();
        SetState(NatsConnectionState.Connecting);
        ServerLink? link = null;
        try
        {
            (link, var failure) = await TryRoundAsync();
            if (link is null && (!_opts.RetryOnInitialConnect || failure is NatsServerException { IsAuthError: true }))
                throw new NatsConnectionFailedException($"No NATS server could be reached: {failure.Message}", failure);
        }
        catch
        {
            SetState(NatsConnectionState.Closed);
            throw;
        }

        Task opened;
        lock (_gate)
        {
            if (_stop.IsCancellationRequested)
            {
                link?.Abort();
                throw new ObjectDisposedException(nameof(NatsConnection));
            }

            opened = _opened.Task;
            _running = Task.Run(() => RunGuardedAsync(link), CancellationToken.None);
        }

        await opened;
    }

    private async Task RunGuardedAsync(ServerLink? link)
    {
        try
        {
            await RunAsync(link);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Asked for.
        }
#pragma warning disable CA1031 // The task reports its own death: whoever waits gets it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _logger.LoopFailed(e);
            GiveUp(new NatsConnectionFailedException($"The connection ended by an error of its own: {e.Message}", e));
        }
    }

    private async Task RunAsync(ServerLink? link)
    {
        while (!_stop.IsCancellationRequested)
        {
            link ??= await ReconnectAsync();
            if (link is null)
                return;
            await using (link)
            {
                string reason;
                try
                {
                    await ResubscribeAsync(link);
                    Opened(link);
                    var session = new LinkSession(link, _outgoing, _subscriptions, _opts, this);
                    reason = await session.RunAsync(_stop.Token);
                }
                catch (Exception e) when (e is IOException or SocketException)
                {
                    reason = e.Message;
                }

                if (_stop.IsCancellationRequested)
                    return;
                Lost(link, reason);
            }

            link = null;
        }
    }

    private async Task<ServerLink?> ReconnectAsync()
    {
        for (var round = 1; ; round++)
        {
            var (link, failure) = await TryRoundAsync();
            if (link is not null)
                return link;
            if (failure is NatsServerException { IsAuthError: true } && !_opts.IgnoreAuthErrorAbort
                && _refusals.Values.Any(count => count >= 2))
            {
                GiveUp(new NatsConnectionFailedException($"Credentials were refused twice: {failure.Message}", failure));
                return null;
            }

            if (_opts.MaxReconnectRetry >= 0 && round > _opts.MaxReconnectRetry)
            {
                GiveUp(new NatsConnectionFailedException($"No NATS server could be reached in {round} rounds: {failure.Message}", failure));
                return null;
            }

            var wait = Backoff.After(round, _opts, Random.Shared.NextDouble());
            _logger.ReconnectFailed(round, failure.Message, (long)wait.TotalMilliseconds);
            _signals.ReconnectFailed(failure.Message);
            await Task.Delay(wait, _stop.Token);
        }
    }

    /// <summary>Tries every server once.</summary>
    private async Task<(ServerLink? Link, Exception Failure)> TryRoundAsync()
    {
        Exception? failure = null;
        foreach (var server in _pool.Round())
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            limit.CancelAfter(_opts.ConnectTimeout);
            try
            {
                var link = await ServerLink.OpenAsync(server, _opts, _authenticator, Version, limit.Token);
                _refusals.Clear();
                return (link, new NatsException(""));
            }
            catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
            {
                failure = new NatsException($"{server} did not answer within {_opts.ConnectTimeout.TotalSeconds:0.#} s.");
            }
            catch (Exception e) when (e is NatsException or SocketException or IOException)
            {
                if (e is NatsServerException { IsAuthError: true })
                    _refusals[server.ToString()] = _refusals.GetValueOrDefault(server.ToString()) + 1;
                failure = e is SocketException ? new NatsException($"{server}: {e.Message}", e) : e;
            }
        }

        return (null, failure!);
    }

    private async Task ResubscribeAsync(ServerLink link)
    {
        _info = link.Info;
        _pool.Told(link.Server, link.Info.ClientConnectUrls);
        var batch = new byte[16 * 1024];
        var length = 0;
        foreach (var subscription in _subscriptions.All)
        {
            if (subscription.Remaining <= 0)
                continue;
            var command = new SubscribeCommand(subscription.Subject, subscription.QueueGroup, subscription.Sid,
                subscription.Remaining);
            if (length + command.MaxBytes > batch.Length)
            {
                await link.Stream.WriteAsync(batch.AsMemory(0, length), _stop.Token);
                length = 0;
                if (command.MaxBytes > batch.Length)
                    batch = new byte[command.MaxBytes];
            }

            length += command.Write(batch.AsSpan(length));
        }

        if (length > 0)
            await link.Stream.WriteAsync(batch.AsMemory(0, length), _stop.Token);
    }

    private void Opened(ServerLink link)
    {
        SetState(NatsConnectionState.Open);
        _logger.Connected(link.Server.ToString(), link.Info.Version);
        TaskCompletionSource opened;
        lock (_gate)
            opened = _opened;
        opened.TrySetResult();
        _signals.Opened(link.Server.ToString());
    }

    private void Lost(ServerLink link, string reason)
    {
        lock (_gate)
        {
            if (_opened.Task.IsCompleted)
                _opened = NewSource();
        }

        SetState(NatsConnectionState.Reconnecting);
        _pool.Lost(link.Server);
        _logger.Disconnected(link.Server.ToString(), reason);
        _signals.Disconnected(reason);
    }

    private void GiveUp(NatsConnectionFailedException reason)
    {
        SetState(NatsConnectionState.Failed);
        _logger.GaveUp(reason.Message);
        _outgoing.Close(reason);
        _subscriptions.EndAll(reason);
        lock (_gate)
            _opened.TrySetException(reason);
        _ = _opened.Task.Exception;
        _signals.ReconnectFailed(reason.Message);
    }

    private void SetState(NatsConnectionState state) => Volatile.Write(ref _state, (int)state);

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
