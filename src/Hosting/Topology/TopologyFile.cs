using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Rag.Hosting.Topology;

/// <summary>
/// A topology in a file, read again within two seconds of a change. A newer version that is not usable is reported and
/// passed over; so is one whose version did not rise or whose number of partitions changed. Thread-safe.
/// </summary>
public sealed partial class TopologyFile : ITopologySource, IAsyncDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
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
            var next = Read(_path);
            var former = _current;
            if (next.Partitions != former.Partitions)
                LogRefused(_path, $"the number of partitions cannot change from {former.Partitions}");
            else if (next.Version <= former.Version)
                LogRefused(_path, $"its version {next.Version} must be above {former.Version}");
            else
                Publish(next);
        }
        catch (InvalidTopologyException fault)
        {
            LogRefused(_path, fault.Message);
        }
    }

    private void Publish(ClusterTopology next)
    {
        _current = next;
        LogChanged(next.Version, next.Shards.Length);
        Interlocked.Exchange(ref _changed, new CancellationTokenSource()).Cancel();
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
