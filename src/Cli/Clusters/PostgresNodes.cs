using System.Globalization;
using Rag.Cli.Composition;

namespace Rag.Cli.Clusters;

/// <summary>
/// Servers of PostgreSQL: a primary, and replicas that follow it by streaming. A write is done when one replica has it
/// too, so promoting the one that has most loses nothing that was acknowledged.
/// </summary>
internal static class PostgresNodes
{
    private const int Port = 7730;
    private const string User = "postgres";
    private const string Database = "rag";

    /// <summary>The server refuses to run as root: as root, it runs as its own user.</summary>
    private static readonly bool IsRoot = Environment.UserName == "root";

    public static IEnumerable<ClusterNode> Create(ClusterFolder folder, NodePorts ports, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var name = $"postgres-{i}";
            var port = ports.Next(Port);
            yield return new ClusterNode
            {
                Name = name,
                Kind = NodeKind.Postgres,
                Address = $"postgres://127.0.0.1:{port}",
                Health = $"postgres://127.0.0.1:{port}",
                StopSignal = ProcessIdentity.Interrupt,
                Command =
                [
                    .. AsUser(), Program("postgres"), "-D", DataOf(folder, name), "-p", $"{port}", "-h", "127.0.0.1", "-k", "",
                    .. Settings(isAlone: count == 1),
                ],
            };
        }
    }

    /// <summary>What processes of the product connect with.</summary>
    public static string ConnectionString(ClusterState state) =>
        $"Host={string.Join(',', state.Of(NodeKind.Postgres).Select(static node => new Uri(node.Address).Authority))};"
        + $"Username={User};Password={state.Token};Database={Database}";

    /// <summary>
    /// Gives a server its data: a new one, or a copy of the primary's. A former primary gets a copy too: it may hold what
    /// nobody else ever had.
    /// </summary>
    public static async Task PrepareAsync(ClusterFolder folder, ClusterState state, ClusterNode node, CancellationToken cancellationToken)
    {
        var data = DataOf(folder, node.Name);
        var isPrimary = node.Name == state.PostgresPrimary;
        if (Directory.Exists(data) && isPrimary == !File.Exists(Path.Combine(data, "standby.signal")))
        {
            File.Delete(Path.Combine(data, "postmaster.pid"));
            return;
        }

        if (Directory.Exists(data))
            Directory.Delete(data, recursive: true);
        await MakeFolderAsync(folder, node.Name, cancellationToken);
        if (isPrimary)
            await InitializeAsync(folder, state, node, cancellationToken);
        else
            await CopyAsync(folder, state, node, cancellationToken);
    }

    /// <summary>Whether it takes connections.</summary>
    public static async Task<bool> IsReadyAsync(ClusterNode node, CancellationToken cancellationToken) => (await Programs.TryRunAsync(
        [Program("pg_isready"), "-q", "-t", "2", "-h", "127.0.0.1", "-p", PortOf(node)], cancellationToken)).ExitCode == 0;

    /// <summary>The product's database, where it is not there yet.</summary>
    public static async Task CreateDatabaseAsync(ClusterState state, CancellationToken cancellationToken)
    {
        var primary = state.Find(state.PostgresPrimary!);
        if ((await QueryAsync(state, primary, $"SELECT 1 FROM pg_database WHERE datname = '{Database}'", cancellationToken)).Length == 0)
            await QueryAsync(state, primary, $"CREATE DATABASE {Database}", cancellationToken);
    }

    /// <summary>The replica that has received most.</summary>
    /// <exception cref="CliException">No replica runs.</exception>
    public static async Task<ClusterNode> FindBestAsync(ClusterState state, CancellationToken cancellationToken)
    {
        ClusterNode? best = null;
        var most = -1L;
        foreach (var node in state.Of(NodeKind.Postgres).Where(node => node.Name != state.PostgresPrimary && node.Process?.IsAlive() == true))
        {
            var received = long.Parse(
                await QueryAsync(state, node, "SELECT coalesce(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')::bigint, 0)", cancellationToken),
                CultureInfo.InvariantCulture);
            if (received > most)
                (best, most) = (node, received);
        }

        return best ?? throw new CliException("No replica of PostgreSQL runs that could be promoted: 'rag cluster start' starts one.");
    }

    /// <summary>The replica of that name.</summary>
    /// <exception cref="CliException">There is none, or it does not run.</exception>
    public static ClusterNode FindRunning(ClusterState state, string name)
    {
        var node = state.Find(name);
        if (node.Kind != NodeKind.Postgres)
            throw new CliException($"{name} is no server of PostgreSQL: 'rag cluster status' lists those.");
        return node.Process?.IsAlive() == true
            ? node
            : throw new CliException($"{name} does not run: 'rag cluster start {name}' starts it, and then it can be promoted.");
    }

    /// <summary>Makes a replica the primary, and lets those that run follow it.</summary>
    public static async Task PromoteAsync(ClusterFolder folder, ClusterState state, ClusterNode next, CancellationToken cancellationToken)
    {
        await RunAsync(["pg_ctl", "promote", "-D", DataOf(folder, next.Name), "-w", "-t", "60"], cancellationToken);
        foreach (var node in state.Of(NodeKind.Postgres).Where(node => node.Name != next.Name && node.Process?.IsAlive() == true))
        {
            await QueryAsync(state, node, $"ALTER SYSTEM SET primary_conninfo = '{Follow(state, next, node.Name)}'", cancellationToken);
            await QueryAsync(state, node, "SELECT pg_reload_conf()", cancellationToken);
        }
    }

    private static async Task InitializeAsync(ClusterFolder folder, ClusterState state, ClusterNode node, CancellationToken cancellationToken)
    {
        var password = Path.Combine(PostgresFolder.Of(folder, node.Name), "password");
        ClusterFolder.WriteSecret(password, System.Text.Encoding.ASCII.GetBytes(state.Token));
        if (IsRoot)
            await Programs.RunAsync(["chown", User, password], cancellationToken);
        await RunAsync(
            [
                "initdb", "--pgdata", DataOf(folder, node.Name), $"--username={User}", $"--pwfile={password}", "--auth=scram-sha-256",
                "--encoding=UTF8", "--no-locale", "--no-sync",
            ],
            cancellationToken);
        File.Delete(password);
    }

    private static async Task CopyAsync(ClusterFolder folder, ClusterState state, ClusterNode node, CancellationToken cancellationToken)
    {
        var data = DataOf(folder, node.Name);
        var primary = state.Find(state.PostgresPrimary!);
        await RunAsync(
            [
                "pg_basebackup", "--pgdata", data,
                $"--dbname=host=127.0.0.1 port={PortOf(primary)} user={User} application_name={node.Name}", "--checkpoint=fast",
                "--no-sync", "--wal-method=stream", "--write-recovery-conf",
            ],
            cancellationToken, password: state.Token);
        if (IsRoot)
            await Programs.RunAsync(["chown", "-R", User, data], cancellationToken);
    }

    private static async Task<string> QueryAsync(ClusterState state, ClusterNode node, string sql, CancellationToken cancellationToken) =>
        await RunAsync(
            [
                "psql", "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1",
                $"--dbname=host=127.0.0.1 port={PortOf(node)} user={User} dbname=postgres",
            ],
            cancellationToken, sql, state.Token);

    private static string Follow(ClusterState state, ClusterNode primary, string name) =>
        $"host=127.0.0.1 port={PortOf(primary)} user={User} password={state.Token} application_name={name}";

    /// <summary>A folder of its own for the server's user, below one that others may pass through.</summary>
    private static async Task MakeFolderAsync(ClusterFolder folder, string name, CancellationToken cancellationToken)
    {
        var own = PostgresFolder.Of(folder, name);
        Directory.CreateDirectory(own);
        if (!IsRoot)
            return;
        foreach (var above in new[] { Path.GetDirectoryName(Path.GetDirectoryName(own))!, Path.GetDirectoryName(own)!, own })
        {
            if (above != PostgresFolder.SharedRoot)
                await Programs.RunAsync(["chmod", "a+x", above], cancellationToken);
        }

        await Programs.RunAsync(["install", "-d", "-m", "700", "-o", User, "-g", User, DataOf(folder, name)], cancellationToken);
        if ((await Programs.TryRunAsync([.. AsUser(), "test", "-w", DataOf(folder, name)], cancellationToken)).ExitCode != 0)
        {
            throw new CliException(
                $"PostgreSQL does not run as root, and its user cannot reach {own}: choose a folder with --data that others may pass "
                + "through, or --postgres 0.");
        }
    }

    private static Task<string> RunAsync(
        IReadOnlyList<string> command, CancellationToken cancellationToken, string input = "", string? password = null) =>
        Programs.RunAsync([.. AsUser(), Program(command[0]), .. command.Skip(1)], cancellationToken, input, password);

    private static string[] AsUser() =>
        IsRoot ? ["setpriv", $"--reuid={User}", $"--regid={User}", "--init-groups", "--"] : [];

    /// <summary>Debian keeps each version's programs in a folder of its own.</summary>
    private static string Program(string name)
    {
        const string versions = "/usr/lib/postgresql";
        var newest = Directory.Exists(versions)
            ? Directory.GetDirectories(versions).OrderByDescending(static folder => folder, StringComparer.Ordinal)
                .Select(folder => Path.Combine(folder, "bin")).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "postgres")))
            : null;
        return newest is null ? Programs.Find(name, "postgresql") : Path.Combine(newest, name);
    }

    private static string DataOf(ClusterFolder folder, string name) => Path.Combine(PostgresFolder.Of(folder, name), "data");

    private static string PortOf(ClusterNode node) => new Uri(node.Address).Port.ToString(CultureInfo.InvariantCulture);

    private static IEnumerable<string> Settings(bool isAlone)
    {
        string[] settings =
        [
            "shared_buffers=64MB", "max_connections=200", "wal_level=replica", "hot_standby=on", "wal_keep_size=256MB",
            "max_wal_senders=8", isAlone ? "synchronous_standby_names=" : "synchronous_standby_names=ANY 1 (*)",
        ];
        return settings.SelectMany(static setting => new[] { "-c", setting });
    }
}
