using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Rag.Hosting.Topology;

/// <summary>
/// A topology in a file, read again within two seconds of a change. A newer version that is not usable is reported and
/// passed over; so is one whose version did not rise, or whose number of partitions or cluster changed. Writers on one
/// machine take turns by a lock file beside it. Thread-safe.
/// </summary>
public sealed partial class TopologyFile : ITopologyStore, IAsyncDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockInterval = TimeSpan.FromMilliseconds(20);

    private readonly string _path;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _publishing = new();
    private readonly Task _loop;
    private CancellationTokenSource _changed = new();
    private volatile ClusterTopology _current;
    private (DateTime Time, long Length) _seen;

    private TopologyFile(string path, ClusterTopology first, TimeProvider time, ILogger logger)
    {
        _path = path;
        _current = first;
        _logger = logger;
        _loop = WatchFileAsync(time);
    }

    public ClusterTopology Current => _current;

    /// <summary>Reads the file and starts to watch it.</summary>
    /// <exception cref="InvalidTopologyException">It cannot be read or is not usable.</exception>
    public static TopologyFile Open(string path, ILogger<TopologyFile> logger, TimeProvider? time = null) =>
        new(Path.GetFullPath(path), Read(path), time ?? TimeProvider.System, logger);

    public IChangeToken Watch() => new CancellationChangeToken(Volatile.Read(ref _changed).Token);

    /// <inheritdoc/>
    public async ValueTask<ClusterTopology> ChangeAsync(
        Func<ClusterTopology, ClusterTopology?> change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        await using var turn = await TakeTurnAsync(cancellationToken);
        var newest = Read(_path);
        if (change(newest) is { } next)
        {
            Write(_path, next);
            newest = next;
        }

        Adopt(newest);
        return newest;
    }

    /// <summary>Writes a topology to a file, in one step: a reader sees the former one or this, and it is on disk.</summary>
    /// <exception cref="TopologyUnavailableException">The file cannot be written.</exception>
    public static void Write(string path, ClusterTopology topology)
    {
        ArgumentNullException.ThrowIfNull(topology);
        var temporary = $"{path}.{Environment.ProcessId}.new";
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                file.Write(Encoding.UTF8.GetBytes(topology.ToJson()));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new TopologyUnavailableException($"The topology file {path} cannot be written: {fault.Message}", fault);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    private static ClusterTopology Read(string path)
    {
        try
        {
            return TopologyDocument.Parse(File.ReadAllText(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InvalidTopologyException($"The topology file {path} cannot be read: {fault.Message}", fault);
        }
    }

    // Polling rather than a file-system watcher: it also sees changes on network and container mounts.
    private async Task WatchFileAsync(TimeProvider time)
    {
        _seen = Stat();
        using var timer = new PeriodicTimer(PollInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                var now = Stat();
                if (now == _seen)
                    continue;
                _seen = now;
                Reload();
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private void Reload()
    {
        try
        {
            Adopt(Read(_path));
        }
        catch (InvalidTopologyException fault)
        {
            LogRefused(_path, fault.Message);
        }
    }

    /// <summary>Uses what was read, if it may follow the former one. The one in use already, read again, is no news.</summary>
    private void Adopt(ClusterTopology next)
    {
        CancellationTokenSource former;
        lock (_publishing)
        {
            if (next.WhyNotAfter(_current) is { } reason)
            {
                if (next.Version != _current.Version || next.ToJson() != _current.ToJson())
                    LogRefused(_path, reason);
                return;
            }

            _current = next;
            LogChanged(next.Version, next.Shards.Length);
            former = Interlocked.Exchange(ref _changed, new CancellationTokenSource());
        }

        former.Cancel();
    }

    private async Task<FileStream> TakeTurnAsync(CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new FileStream(_path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (UnauthorizedAccessException denied)
            {
                throw new TopologyUnavailableException($"The topology file {_path} cannot be written: {denied.Message}", denied);
            }
            catch (IOException busy)
            {
                if (watch.Elapsed > LockPatience)
                    throw new TopologyUnavailableException($"The topology file {_path} is being written by another process.", busy);
            }

            await Task.Delay(LockInterval, cancellationToken);
        }
    }

    private (DateTime Time, long Length) Stat()
    {
        var file = new FileInfo(_path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }

    [LoggerMessage(5001, LogLevel.Information, "Topology version {Version} with {Shards} shards is in use.")]
    private partial void LogChanged(long version, int shards);

    [LoggerMessage(5002, LogLevel.Error, "The topology in {Path} is not used: {Reason}. The former one stays.")]
    private partial void LogRefused(string path, string reason);
}
