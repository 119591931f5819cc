namespace NATS.Client.Core.Connecting;

/// <summary>
/// The servers to try: those of the options and those that servers tell of (at most <see cref="MaxTold"/>). The one
/// that was lost is tried last. Thread-safe.
/// </summary>
internal sealed class ServerPool
{
    private const int MaxTold = 256;

    private readonly Lock _gate = new();
    private readonly bool _shuffle;
    private List<ServerAddress> _servers;

    public ServerPool(NatsOpts opts)
    {
        _shuffle = !opts.NoRandomize;
        _servers = [.. opts.Url.Split(',').Select(ServerAddress.Seed).DistinctBy(server => (server.Host, server.Port))];
        if (_shuffle)
            Random.Shared.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_servers));
    }

    /// <summary>All servers in the order in which to try them.</summary>
    public IReadOnlyList<ServerAddress> Round()
    {
        lock (_gate)
            return [.. _servers];
    }

    /// <summary>A server told of others: new ones join, those it no longer names leave, seeds stay.</summary>
    public void Told(ServerAddress by, IEnumerable<string> urls)
    {
        var told = urls.Take(MaxTold).Select(url => ServerAddress.Told(url, by)).OfType<ServerAddress>().ToArray();
        if (told.Length == 0)
            return;
        if (_shuffle)
            Random.Shared.Shuffle(told);
        lock (_gate)
        {
            var next = _servers
                .Where(server => server.IsSeed || server.IsSamePlace(by) || told.Any(server.IsSamePlace)).ToList();
            next.AddRange(told.Where(server => !next.Any(server.IsSamePlace)));
            _servers = next;
        }
    }

    /// <summary>The connection to a server was lost: the next round tries it last.</summary>
    public void Lost(ServerAddress server)
    {
        lock (_gate)
        {
            var at = _servers.FindIndex(server.IsSamePlace);
            if (at < 0)
                return;
            var moved = _servers[at];
            _servers.RemoveAt(at);
            _servers.Add(moved);
        }
    }
}
