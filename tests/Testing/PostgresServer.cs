using System.Diagnostics;

namespace Rag.Testing;

/// <summary>
/// Debian's PostgreSQL 15 as a child of the test, on a free port of loopback, in a folder of its own that goes with it.
/// It takes anybody who calls from this machine, and by default does not sync to disk. It ends when it is disposed of,
/// and also when the test process dies: a shell holds it and waits for the end of its standard input.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Programs = "/usr/lib/postgresql/15/bin";

    private readonly TemporaryFolder _folder;
    private readonly string[] _settings;
    private ChildProcess? _process;

    private PostgresServer(TemporaryFolder folder, int port, string[] settings)
    {
        _folder = folder;
        _settings = settings;
        Port = port;
    }

    /// <summary>The server's programs are on this machine.</summary>
    public static bool IsInstalled => File.Exists(Path.Combine(Programs, "postgres"));

    public int Port { get; }

    /// <summary>As the connection string names it.</summary>
    public string Host => $"127.0.0.1:{Port}";

    /// <summary>The server's data folder.</summary>
    public string Data => _folder.Combine("data");

    /// <summary>What the server said last.</summary>
    public string Output => _process?.Output ?? "";

    /// <summary>A connection string for a database of it.</summary>
    public string ConnectionString(string database) => ConnectionString(Host, database);

    public static string ConnectionString(string hosts, string database) => $"Host={hosts};Username=postgres;Database={database}";

    /// <summary>A new, empty server that takes connections.</summary>
    /// <param name="settings">As in postgresql.conf; they override those of tests.</param>
    public static async Task<PostgresServer> StartAsync(params string[] settings)
    {
        var server = Prepare(settings);
        try
        {
            await RunAsync("initdb", "--pgdata", server.Data, "--username=postgres", "--auth=trust", "--encoding=UTF8",
                "--no-locale", "--no-sync");
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A replica that follows this server by streaming.</summary>
    public async Task<PostgresServer> StartReplicaAsync(string name)
    {
        var replica = Prepare(_settings);
        try
        {
            await RunAsync("pg_basebackup", "--pgdata", replica.Data, "--host=127.0.0.1", $"--port={Port}",
                "--username=postgres", "--checkpoint=fast", "--no-sync", "--wal-method=stream");
            await File.AppendAllTextAsync(Path.Combine(replica.Data, "postgresql.auto.conf"), Follow(this, name) + "\n");
            await File.WriteAllTextAsync(Path.Combine(replica.Data, "standby.signal"), "");
            await replica.StartAsync();
            return replica;
        }
        catch
        {
            await replica.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it again, as it was left.</summary>
    public async Task StartAsync()
    {
        // Exactly one line comes from the test, or the end of its input when the test is gone.
        const string Held = "\"$@\" & server=$!; read -r _; kill -INT $server; wait $server";
        string[] server =
        [
            Path.Combine(Programs, "postgres"), "-D", Data, "-p", Port.ToString(), "-h", "127.0.0.1", "-k", "",
            .. Settings(_settings),
        ];
        File.Delete(Path.Combine(Data, "postmaster.pid"));
        var process = Start("sh", ["-c", Held, "sh", .. server]);
        _process = process;
        await process.WaitForLineAsync("ready to accept", TimeSpan.FromSeconds(60));
    }

    /// <summary>Ends it at once, as kill -9 and a power failure of its machine do.</summary>
    public async Task KillAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _process = null;
    }

    /// <summary>Makes this replica a primary; returns when it takes writes.</summary>
    public Task PromoteAsync() => RunAsync("pg_ctl", "promote", "-D", Data, "-w", "-t", "60");

    /// <summary>Lets this replica follow another primary.</summary>
    public async Task FollowAsync(PostgresServer primary, string name)
    {
        await File.AppendAllTextAsync(Path.Combine(Data, "postgresql.auto.conf"), Follow(primary, name) + "\n");
        await RunAsync("pg_ctl", "reload", "-D", Data);
    }

    /// <summary>A new, empty database.</summary>
    /// <returns>A connection string for it.</returns>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        await QueryAsync("postgres", $"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    /// <summary>Runs SQL and returns what it printed, without headings.</summary>
    public Task<string> QueryAsync(string database, string sql) => RunAsync(
        "psql", "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--host=127.0.0.1", $"--port={Port}",
        "--username=postgres", $"--dbname={database}", "--command", sql);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Dispose();
    }

    private static PostgresServer Prepare(string[] settings)
    {
        var server = new PostgresServer(new TemporaryFolder(), FreePort.Next(), settings);
        if (IsRoot)
        {
            // The server refuses to run as root; its user gets a folder of its own below ours.
            using var pass = Process.Start("chmod", ["711", server._folder.Path]);
            using var make = Process.Start("install", ["-d", "-m", "700", "-o", "postgres", "-g", "postgres", server.Data]);
            pass.WaitForExit();
            make.WaitForExit();
        }

        return server;
    }

    private static bool IsRoot => Environment.UserName == "root";

    private static string Follow(PostgresServer primary, string name) =>
        $"primary_conninfo = 'host=127.0.0.1 port={primary.Port} user=postgres application_name={name}'";

    private static IEnumerable<string> Settings(string[] own)
    {
        string[] settings =
        [
            "fsync=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=200", "wal_level=replica",
            "hot_standby=on", "wal_keep_size=64MB", "max_wal_senders=8", "log_min_messages=warning", .. own,
        ];
        return settings.SelectMany(static setting => new[] { "-c", setting });
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        await using var process = Start(Path.Combine(Programs, program), arguments);
        var exit = await process.WaitForExitAsync(TimeSpan.FromSeconds(120));
        return exit == 0 ? process.Output.Trim() : throw new InvalidOperationException($"{program} failed:\n{process.Output}");
    }

    private static ChildProcess Start(string program, IEnumerable<string> arguments)
    {
        var environment = new Dictionary<string, string?> { ["LC_ALL"] = "C", ["TZ"] = "UTC" };
        return IsRoot
            ? ChildProcess.Start("setpriv",
                ["--reuid=postgres", "--regid=postgres", "--init-groups", "--", program, .. arguments], "/", environment)
            : ChildProcess.Start(program, arguments, "/", environment);
    }
}
