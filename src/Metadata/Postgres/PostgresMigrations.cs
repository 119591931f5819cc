using System.Reflection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Rag.Metadata.Postgres;

/// <summary>
/// Brings the database to the newest schema: numbered scripts, embedded in the assembly as postgres-NNNN.sql, all in one
/// transaction under an advisory lock, so that many processes may start at once.
/// </summary>
internal static class PostgresMigrations
{
    /// <summary>"RagMeta" in ASCII: no other program takes this lock by chance.</summary>
    private const long LockKey = 0x5261674D657461;

    private const string Schema = "rag";

    /// <summary>The newest schema version that this release knows.</summary>
    public static int Newest { get; } = Scripts().Count;

    /// <summary>The database's version is this release's: there is nothing to do.</summary>
    /// <exception cref="MetadataStoreException">A newer release wrote it.</exception>
    public static async Task<bool> IsCurrentAsync(
        NpgsqlConnection connection, string servers, CancellationToken cancellationToken) =>
        await VersionAsync(connection, servers, cancellationToken) == Newest;

    public static async Task ApplyAsync(
        NpgsqlConnection connection, string servers, ILogger logger, CancellationToken cancellationToken)
    {
        // Looked at without a lock first: the common start has nothing to do and must not wait for anybody.
        if (await IsCurrentAsync(connection, servers, cancellationToken))
            return;
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Another process' migration may take its time; so may ours.
        await RunAsync(connection, "SET LOCAL lock_timeout = 0", cancellationToken);
        await RunAsync(connection, $"SELECT pg_advisory_xact_lock({LockKey})", cancellationToken);
        await RunAsync(connection,
            $"CREATE SCHEMA IF NOT EXISTS {Schema}; CREATE TABLE IF NOT EXISTS schema_versions ("
            + "version integer NOT NULL PRIMARY KEY, apply_time timestamptz NOT NULL DEFAULT now())", cancellationToken);
        var version = await VersionAsync(connection, servers, cancellationToken);
        var scripts = Scripts();
        for (var number = version + 1; number <= scripts.Count; number++)
        {
            await RunAsync(connection, scripts[number - 1], cancellationToken);
            await RunAsync(connection, $"INSERT INTO schema_versions (version) VALUES ({number})", cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        if (version < scripts.Count)
            MetadataLog.Migrated(logger, servers, version, scripts.Count);
    }

    private static async Task<int> VersionAsync(
        NpgsqlConnection connection, string servers, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT to_regclass('schema_versions') IS NOT NULL";
        if (await command.ExecuteScalarAsync(cancellationToken) is not true)
            return 0;
        command.CommandText = "SELECT coalesce(max(version), 0) FROM schema_versions";
        var version = (int)(await command.ExecuteScalarAsync(cancellationToken))!;
        return version <= Newest ? version : throw new MetadataStoreException(MetadataFault.TooNew,
            $"The metadata database ({servers}) has schema version {version}, but this release knows versions up to "
            + $"{Newest}: start the newer release, or restore the backup that was made before the upgrade.");
    }

    private static async Task RunAsync(NpgsqlConnection connection, string script, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = script;
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static List<string> Scripts()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var scripts = new List<string>();
        while (assembly.GetManifestResourceStream($"postgres-{scripts.Count + 1:0000}.sql") is { } stream)
        {
            using var reader = new StreamReader(stream);
            scripts.Add(reader.ReadToEnd());
        }

        return scripts;
    }
}
