using Npgsql;
using NpgsqlTypes;

namespace Rag.Metadata.Postgres;

/// <summary>
/// The servers: one source of connections over all of them, of which writes and exact reads use the primary, and reads
/// that tolerate lag a replica. Every operation is one round trip: its statements travel together and are one
/// transaction. Thread-safe.
/// </summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    /// <summary>Runs of a write that the server rolled back for the sake of another, and of a read that broke.</summary>
    private const int MaxRuns = 4;

    /// <summary>Nobody waits for the disk or for replicas: a crash of the server may undo what follows.</summary>
    private static readonly PostgresStatement Lazily =
        PostgresStatement.Of("SELECT set_config('synchronous_commit', 'off', true)");

    private static readonly PostgresStatement Position = PostgresStatement.Of("SELECT pg_current_wal_insert_lsn()");

    private readonly NpgsqlMultiHostDataSource _servers;
    private readonly NpgsqlDataSource _primary;
    private readonly NpgsqlDataSource _replicas;
    private readonly ReplicaGate _gate;

    public PostgresDatabase(PostgresMetadataOptions options)
    {
        var connection = options.Connection();
        Servers = connection.Host!;
        HasReplicas = Servers.Contains(',', StringComparison.Ordinal);
        _servers = new NpgsqlDataSourceBuilder(connection.ConnectionString).BuildMultiHost();
        _primary = _servers.WithTargetSession(TargetSessionAttributes.Primary);
        _replicas = _servers.WithTargetSession(TargetSessionAttributes.PreferStandby);
        _gate = new ReplicaGate(options.MaxReplicaLag, TimeProvider.System);
    }

    /// <summary>Names of the servers, for messages.</summary>
    public string Servers { get; }

    /// <summary>More than one server is named.</summary>
    public bool HasReplicas { get; }

    /// <summary>A connection for what needs one of its own.</summary>
    /// <param name="primary">False: any server will do.</param>
    public async ValueTask<NpgsqlConnection> OpenAsync(bool primary, CancellationToken cancellationToken)
    {
        try
        {
            return await (primary ? _primary : _replicas).OpenConnectionAsync(cancellationToken);
        }
        catch (Exception error) when (PostgresFaults.Translate(error, Servers) is { } fault)
        {
            throw fault;
        }
    }

    /// <summary>
    /// Runs on the primary as one transaction and returns the rows of the statement that has any. Complete means durable.
    /// </summary>
    /// <param name="scope">The workspace that is written; empty: the list of workspaces.</param>
    public async Task<List<T>> WriteAsync<T>(
        Guid scope, PostgresStatement[] statements, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(_primary, statements, Rows(map), PostgresFaults.MayRunAgain, cancellationToken);
        }
        finally
        {
            // Also after a failure: it may have been done all the same.
            Touch(scope);
        }
    }

    /// <inheritdoc cref="WriteAsync{T}(Guid, PostgresStatement[], Func{NpgsqlDataReader, T}, CancellationToken)"/>
    public Task<List<T>> WriteAsync<T>(
        Guid scope, PostgresStatement statement, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken) =>
        WriteAsync(scope, [statement], map, cancellationToken);

    /// <summary>The same for what a later durable write covers: a crash of the server may undo it.</summary>
    public async Task<List<T>> WriteLazilyAsync<T>(
        Guid scope, PostgresStatement statement, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(
                _primary, [Lazily, statement], RowsBehindFirst(map), PostgresFaults.MayRunAgain, cancellationToken);
        }
        finally
        {
            Touch(scope);
        }
    }

    /// <summary>Reads the newest state, from the primary.</summary>
    /// <param name="scope">The workspace whose later reads must not fall behind this one, wherever they go.</param>
    public async Task<List<T>> ReadAsync<T>(
        Guid scope, PostgresStatement statement, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken)
    {
        var rows = await RunAsync(_primary, [statement], Rows(map), MayReadAgain, cancellationToken);
        Touch(scope);
        return rows;
    }

    /// <summary>Reads the newest state; while the primary is away, what a replica has of it.</summary>
    public async Task<List<T>> ReadElseReplicaAsync<T>(
        Guid scope, PostgresStatement statement, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(scope, statement, map, cancellationToken);
        }
        catch (MetadataStoreException away) when (HasReplicas && away.Fault == MetadataFault.Unavailable)
        {
            return await RunAsync(_replicas, [statement], Rows(map), MayReadAgain, cancellationToken);
        }
    }

    /// <summary>What never changes once it is there, from a replica if that has it, else from the primary.</summary>
    public async Task<List<T>> ReadFixedAsync<T>(
        PostgresStatement statement, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken)
    {
        if (HasReplicas)
        {
            try
            {
                var rows = await RunAsync(_replicas, [statement], Rows(map), MayReadAgain, cancellationToken);
                if (rows.Count > 0)
                    return rows;
            }
            catch (MetadataStoreException away) when (away.Fault == MetadataFault.Unavailable)
            {
                // No server answers, or the read was in the way of a replica's replaying.
            }
        }

        return await RunAsync(_primary, [statement], Rows(map), MayReadAgain, cancellationToken);
    }

    /// <summary>
    /// Reads from a replica that has all that this process wrote and saw of the workspace; else from the primary.
    /// </summary>
    public async Task<List<T>> ReadLaggingAsync<T>(
        Guid scope, PostgresStatement statement, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken)
    {
        if (!HasReplicas)
            return await RunAsync(_primary, [statement], Rows(map), MayReadAgain, cancellationToken);
        if (_gate.PositionFor(scope) is { } position)
        {
            try
            {
                // Two statements, two snapshots: the one that is read is taken after the position was looked at.
                var replayed = PostgresStatement.Of(
                    "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= $1::text::pg_lsn", position.ToString());
                var rows = await RunAsync(
                    _replicas, [replayed, statement], RowsIfReplayed(map), MayReadAgain, cancellationToken);
                if (rows is not null)
                    return rows;
            }
            catch (MetadataStoreException away) when (away.Fault == MetadataFault.Unavailable)
            {
                // No server answers, or the read was in the way of a replica's replaying.
            }
        }

        return await RunAsync(
            _primary, [statement, Position], RowsThenPosition(map, _gate.Ticket), MayReadAgain, cancellationToken);
    }

    /// <summary>Asks the primary where its log ends: what replicas must have replayed soon.</summary>
    public async Task LearnPositionAsync(CancellationToken cancellationToken)
    {
        if (!HasReplicas)
            return;
        await RunAsync(_primary, [PostgresStatement.Of("SELECT 1"), Position],
            RowsThenPosition(static row => row.GetInt32(0), _gate.Ticket), MayReadAgain, cancellationToken);
    }

    public ValueTask DisposeAsync() => _servers.DisposeAsync();

    private static bool MayReadAgain(Exception error) =>
        PostgresFaults.IsBroken(error) || PostgresFaults.MayRunAgain(error);

    private static Func<NpgsqlDataReader, CancellationToken, Task<List<T>>> Rows<T>(Func<NpgsqlDataReader, T> map) =>
        (reader, cancellationToken) => RowsAsync(reader, map, cancellationToken);

    private static Func<NpgsqlDataReader, CancellationToken, Task<List<T>>> RowsBehindFirst<T>(
        Func<NpgsqlDataReader, T> map) =>
        async (reader, cancellationToken) =>
        {
            await reader.NextResultAsync(cancellationToken);
            return await RowsAsync(reader, map, cancellationToken);
        };

    private static Func<NpgsqlDataReader, CancellationToken, Task<List<T>?>> RowsIfReplayed<T>(
        Func<NpgsqlDataReader, T> map) =>
        async (reader, cancellationToken) =>
        {
            await reader.ReadAsync(cancellationToken);
            return reader.GetBoolean(0) && await reader.NextResultAsync(cancellationToken)
                ? await RowsAsync(reader, map, cancellationToken) : null;
        };

    private Func<NpgsqlDataReader, CancellationToken, Task<List<T>>> RowsThenPosition<T>(
        Func<NpgsqlDataReader, T> map, long ticket) =>
        async (reader, cancellationToken) =>
        {
            var rows = await RowsAsync(reader, map, cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            _gate.Learn(ticket, reader.GetFieldValue<NpgsqlLogSequenceNumber>(0));
            return rows;
        };

    private static async Task<List<T>> RowsAsync<T>(
        NpgsqlDataReader reader, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(map(reader));
        return rows;
    }

    private void Touch(Guid scope)
    {
        if (HasReplicas)
            _gate.Touch(scope);
    }

    private async Task<T> RunAsync<T>(
        NpgsqlDataSource source, PostgresStatement[] statements, Func<NpgsqlDataReader, CancellationToken, Task<T>> read,
        Func<Exception, bool> mayRunAgain, CancellationToken cancellationToken)
    {
        for (var run = 1; ; run++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
                await using var batch = connection.CreateBatch();
                foreach (var statement in statements)
                {
                    var command = new NpgsqlBatchCommand(statement.Sql);
                    foreach (var argument in statement.Arguments)
                        command.Parameters.Add(PostgresValues.Parameter(argument));
                    batch.BatchCommands.Add(command);
                }

                await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
                return await read(reader, cancellationToken);
            }
            catch (Exception error) when (run < MaxRuns && mayRunAgain(error))
            {
                // At once: whatever stood in the way has ended, and a broken connection is not taken again.
            }
            catch (Exception error) when (PostgresFaults.Translate(error, Servers) is { } fault)
            {
                throw fault;
            }
        }
    }
}
