using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using NATS.Client.Core;
using Rag.Hosting.Messaging;

namespace Rag.Hosting.Topology;

/// <summary>
/// The topology in a JetStream stream, watched while the process runs. The last one seen is kept in a local file, so
/// that a process starts and serves while NATS is away. Thread-safe.
/// <code>
/// writer ── append behind sequence n ──▶ stream ── "changed" ──▶ every watcher ── read the last ──▶ check ─▶ Current
///                                                                  (and every 5 s, and after a reconnect)    └▶ local file
/// </code>
/// A NATS cluster whose servers all lost power may come back with an older version: whoever has the newer one in its
/// file puts it back, by the same compare-and-set.
/// </summary>
public sealed class TopologyStream : ITopologyStore, IAsyncDisposable
{
    /// <summary>How long a start waits for NATS where there is a local file to start from.</summary>
    private static readonly TimeSpan PatienceWithFile = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Of one change: each lost race is a version that somebody else made.</summary>
    private const int MaxAttempts = 100;

    /// <summary>Of one change: about as long as NATS takes to elect a leader.</summary>
    private const int MaxSilences = 5;

    private readonly INatsConnection _connection;
    private readonly TopologyLog _log;
    private readonly TopologyCopy? _copy;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _publishing = new();
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Task _loop;
    private readonly Task _listener;
    private CancellationTokenSource _changed = new();
    private volatile ClusterTopology _current;
    private string? _reported;

    private TopologyStream(
        INatsConnection connection, TopologyLog log, ClusterTopology first, TopologyCopy? copy, TimeProvider time, ILogger logger)
    {
        _connection = connection;
        _log = log;
        _current = first;
        _copy = copy;
        _time = time;
        _logger = logger;
        _loop = WatchAsync();
        _listener = ListenAsync();
    }

    /// <inheritdoc/>
    public ClusterTopology Current => _current;

    /// <summary>Reads the newest topology, from NATS or else from the local file, and starts to watch it.</summary>
    /// <param name="copyPath">Where the last one seen is kept; null: nowhere.</param>
    /// <param name="patience">How long to wait for NATS where there is no local file. Default: what the options say.</param>
    /// <exception cref="TopologyUnavailableException">NATS cannot be reached and there is no file, or it has no topology.</exception>
    /// <exception cref="InvalidTopologyException">What NATS has is not usable, or is of another cluster than the file.</exception>
    public static async Task<TopologyStream> OpenAsync(
        INatsConnection connection, NatsOptions options, string? copyPath, ILogger<TopologyStream> logger,
        TimeSpan? patience = null, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var log = new TopologyLog(connection, options);
        var copy = copyPath is null ? null : new TopologyCopy(copyPath, logger);
        var kept = copy?.Read();
        var wait = kept is null ? patience ?? options.StartPatience : PatienceWithFile;
        ClusterTopology? newest = null;
        try
        {
            newest = await ReadFirstAsync(connection, log, options, wait, cancellationToken);
            if (newest is null && kept is null)
            {
                throw new TopologyUnavailableException(
                    $"NATS has no topology of cluster {options.Cluster} yet: make one with 'rag topology apply FILE', or check "
                    + "Nats.Urls and Nats.Cluster.");
            }
        }
        catch (TopologyUnavailableException away) when (kept is not null)
        {
            TopologyStreamLog.StartedFromFile(logger, kept.Version, copyPath!, away.Message);
        }

        if (newest is not null && kept is not null && kept.ClusterId.Length > 0 && newest.ClusterId != kept.ClusterId)
        {
            throw new InvalidTopologyException(
                $"{copyPath} belongs to cluster {kept.ClusterId}, but NATS has the topology of cluster {newest.ClusterId}: "
                + "check Nats.Urls and Nats.Cluster, or start with an empty data folder.");
        }

        var first = newest is null || (kept is not null && kept.Version > newest.Version) ? kept! : newest;
        copy?.Write(first);
        return new TopologyStream(connection, log, first, copy, time ?? TimeProvider.System, logger);
    }

    /// <summary>Stores the first topology of a cluster.</summary>
    /// <returns>False: there is one already, and nothing was changed.</returns>
    /// <exception cref="TopologyUnavailableException">JetStream does not answer.</exception>
    public static async Task<bool> CreateAsync(
        INatsConnection connection, NatsOptions options, ClusterTopology first, CancellationToken cancellationToken = default)
    {
        var log = new TopologyLog(connection, options);
        await log.CreateAsync(cancellationToken);
        var last = await log.ReadLastAsync(cancellationToken);
        return last is { Topology: null, Sequence: var sequence } && await log.AppendAsync(first, sequence, cancellationToken);
    }

    /// <inheritdoc/>
    public IChangeToken Watch() => new CancellationChangeToken(Volatile.Read(ref _changed).Token);

    /// <inheritdoc/>
    public async ValueTask<ClusterTopology> ChangeAsync(
        Func<ClusterTopology, ClusterTopology?> change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        ClusterTopology? unconfirmed = null;
        var silences = 0;
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            try
            {
                var last = await _log.ReadLastAsync(cancellationToken);
                if (last?.Topology is not { } newest)
                    throw new InvalidTopologyException("NATS has no topology of this cluster: 'rag topology apply FILE' makes one.");
                // An answer that was lost: what was to be stored stands there, so it is this writer's or the same.
                if (unconfirmed is not null && newest.Version == unconfirmed.Version && newest.ToJson() == unconfirmed.ToJson())
                    return Adopt(newest, isReply: true);
                if (_current.Version > newest.Version)
                {
                    // It came back from a crash without its tail: no change is made of an old version.
                    await RestoreAsync(last.Value, cancellationToken);
                    continue;
                }

                if (change(newest) is not { } next)
                    return Adopt(newest, isReply: true);
                if (next.WhyNotAfter(newest) is { } reason)
                    throw new InvalidTopologyException($"The topology cannot be changed so: {reason}.");
                unconfirmed = next;
                if (await _log.AppendAsync(next, last.Value.Sequence, cancellationToken))
                    return Adopt(next, isReply: true);
                unconfirmed = null;
            }
            catch (TopologyUnavailableException) when (++silences < MaxSilences)
            {
                // An election, or an answer that was lost: the next look tells.
            }

            // Writers that lost together do not meet again.
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, 20 * Math.Min(attempt, 10))), _time, cancellationToken);
        }

        throw new TopologyUnavailableException("The topology could not be changed: others change it all the time.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        await _loop;
        await _listener;
    }

    private static async Task<ClusterTopology?> ReadFirstAsync(
        INatsConnection connection, TopologyLog log, NatsOptions options, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        var reason = "no answer";
        connection.ReconnectFailed += NoteAsync;
        try
        {
            // Reads until the servers have elected a leader.
            while (true)
            {
                try
                {
                    return (await log.ReadLastAsync(limit.Token))?.Topology;
                }
                catch (TopologyUnavailableException away) when (away.InnerException is not NatsConnectionFailedException)
                {
                    reason = away.Message;
                    await Task.Delay(100, limit.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TopologyUnavailableException(
                $"NATS cannot be reached at {string.Join(", ", options.Servers.Select(WithoutCredentials))}: {reason} Check Nats.Urls.");
        }
        finally
        {
            connection.ReconnectFailed -= NoteAsync;
        }

        ValueTask NoteAsync(object? sender, NatsEventArgs failure)
        {
            reason = failure.Message;
            return default;
        }
    }

    private static string WithoutCredentials(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) ? address.GetComponents(UriComponents.SchemeAndServer, UriFormat.Unescaped) : url;

    private async Task WatchAsync()
    {
        await Task.Yield();
        using var timer = new PeriodicTimer(PollInterval, _time);
        try
        {
            var tick = timer.WaitForNextTickAsync(_stop.Token).AsTask();
            var news = _news.Reader.WaitToReadAsync(_stop.Token).AsTask();
            while (true)
            {
                await LookAsync();
                if (await Task.WhenAny(tick, news) == tick)
                {
                    await tick;
                    tick = timer.WaitForNextTickAsync(_stop.Token).AsTask();
                }
                else
                {
                    await news;
                    _news.Reader.TryRead(out _);
                    news = _news.Reader.WaitToReadAsync(_stop.Token).AsTask();
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
        catch (Exception fault)
        {
            TopologyStreamLog.Died(_logger, fault);
        }
    }

    /// <summary>Hears of changes by others, and of each new connection: what happened before it was not heard.</summary>
    private async Task ListenAsync()
    {
        await Task.Yield();
        _connection.ConnectionOpened += WakeAsync;
        try
        {
            await foreach (var _ in _connection.SubscribeAsync<byte[]>(_log.NewsSubject, cancellationToken: _stop.Token))
                _news.Writer.TryWrite(true);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
        catch (Exception fault) when (fault is NatsException or ObjectDisposedException)
        {
            // Looking every few seconds goes on, and says what is wrong.
        }
        finally
        {
            _connection.ConnectionOpened -= WakeAsync;
        }

        ValueTask WakeAsync(object? sender, NatsEventArgs opened)
        {
            _news.Writer.TryWrite(true);
            return default;
        }
    }

    private async Task LookAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(ReadTimeout);
        try
        {
            var last = await _log.ReadLastAsync(limit.Token);
            if (last is null or { Topology: null })
                Report("NATS has no topology of this cluster; 'rag topology apply FILE' puts it back");
            else if (last.Value.Topology.Version < _current.Version)
                await RestoreAsync(last.Value, limit.Token);
            else
                Adopt(last.Value.Topology, isReply: false);
        }
        catch (Exception fault) when (fault is TopologyUnavailableException or InvalidTopologyException)
        {
            Report(fault.Message);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            Report("NATS does not answer");
        }
    }

    /// <summary>Puts the version that this process has behind an older one, unless somebody else just did.</summary>
    private async Task RestoreAsync(TopologyLog.Entry last, CancellationToken cancellationToken)
    {
        var mine = _current;
        if (mine.ClusterId != last.Topology!.ClusterId || mine.Partitions != last.Topology.Partitions)
            throw new InvalidTopologyException($"NATS has the topology of cluster {last.Topology.ClusterId}, not of {mine.ClusterId}.");
        if (mine.Version > last.Topology.Version && await _log.AppendAsync(mine, last.Sequence, cancellationToken))
            TopologyStreamLog.Restored(_logger, mine.Version, last.Topology.Version);
    }

    private ClusterTopology Adopt(ClusterTopology next, bool isReply)
    {
        CancellationTokenSource former;
        lock (_publishing)
        {
            // The same version with another content: two crashes made it, and the stream is the truth.
            var isTwin = next.Version == _current.Version && next.ToJson() != _current.ToJson();
            if (!isTwin && next.Version <= _current.Version)
            {
                Report(null);
                return isReply ? next : _current;
            }

            if (!isTwin && next.WhyNotAfter(_current) is { } reason)
            {
                Report(reason);
                return next;
            }

            _copy?.Write(next);
            _current = next;
            TopologyStreamLog.Changed(_logger, next.Version, next.Shards.Length);
            Report(null);
            former = Interlocked.Exchange(ref _changed, new CancellationTokenSource());
        }

        former.Cancel();
        return next;
    }

    /// <summary>Logs what is wrong once, until it is right again.</summary>
    private void Report(string? trouble)
    {
        if (Interlocked.Exchange(ref _reported, trouble) != trouble && trouble is not null)
            TopologyStreamLog.Trouble(_logger, _current.Version, trouble);
    }
}
