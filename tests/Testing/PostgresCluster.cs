namespace Rag.Testing;

/// <summary>
/// A primary with streaming replicas, and an empty database <c>rag</c>. A write is done when the primary and one of them
/// have it.
/// </summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    private readonly List<PostgresServer> _servers = [];

    private PostgresCluster()
    {
    }

    /// <summary>The primary of the start, then its replicas.</summary>
    public IReadOnlyList<PostgresServer> Servers => _servers;

    public PostgresServer Primary => _servers[0];

    /// <summary>A connection string that names all of them.</summary>
    public string ConnectionString(string database) =>
        PostgresServer.ConnectionString(string.Join(',', _servers.Select(static server => server.Host)), database);

    public static async Task<PostgresCluster> StartAsync(int replicas = 2)
    {
        var cluster = new PostgresCluster();
        try
        {
            cluster._servers.Add(await PostgresServer.StartAsync());
            for (var i = 0; i < replicas; i++)
                cluster._servers.Add(await cluster.Primary.StartReplicaAsync($"replica_{i}"));
            await WaitForOneAsync(cluster.Primary);
            await cluster.Primary.CreateDatabaseAsync("rag");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Makes the replica primary that has received most, and lets the others follow it. What was acknowledged is on it,
    /// since one replica at least had it.
    /// </summary>
    public async Task<PostgresServer> FailOverAsync()
    {
        var replicas = _servers.Skip(1).ToList();
        var received = new Dictionary<PostgresServer, long>();
        foreach (var replica in replicas)
        {
            var position = await replica.QueryAsync(
                "postgres", "SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')::bigint");
            received.Add(replica, long.Parse(position));
        }

        var best = replicas.MaxBy(replica => received[replica])!;
        await best.PromoteAsync();
        foreach (var replica in replicas.Where(replica => replica != best))
            await replica.FollowAsync(best, "replica_0");
        return best;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
    }

    private static async Task WaitForOneAsync(PostgresServer primary)
    {
        await primary.QueryAsync("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (replica_0, replica_1)'");
        await primary.QueryAsync("postgres", "SELECT pg_reload_conf()");
    }
}
