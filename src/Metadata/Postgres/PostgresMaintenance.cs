using Microsoft.Extensions.Logging;
using Npgsql;

namespace Rag.Metadata.Postgres;

/// <summary>
/// What a store does by itself: makes partitions by month ahead and drops those that are past their retention, and
/// learns how far replicas should be. Every process has one; an advisory lock lets one at a time change partitions.
/// </summary>
internal sealed class PostgresMaintenance : IAsyncDisposable
{
    /// <summary>"RagPart" in ASCII.</summary>
    private const long LockKey = 0x52616750617274;

    private readonly PostgresDatabase _database;
    private readonly PostgresMetadataOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _loops;

    public PostgresMaintenance(
        PostgresDatabase database, PostgresMetadataOptions options, ILogger logger, TimeProvider time)
    {
        _database = database;
        _options = options;
        _logger = logger;
        _time = time;
        _loops = _database.HasReplicas
            ? [Task.Run(() => RepeatAsync(options.MaintenanceInterval, RunAsync)), Task.Run(FollowAsync)]
            : [Task.Run(() => RepeatAsync(options.MaintenanceInterval, RunAsync))];
    }

    /// <summary>Makes and drops partitions now; nothing happens while another process does.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _database.OpenAsync(primary: true, cancellationToken);
        try
        {
            await MaintainAsync(connection, "chat_messages", _options.ChatRetention, cancellationToken);
            await MaintainAsync(connection, "audit_log", _options.AuditRetention, cancellationToken);
        }
        catch (Exception error) when (PostgresFaults.Translate(error, _database.Servers) is { } fault)
        {
            throw fault;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
    }

    private async Task MaintainAsync(
        NpgsqlConnection connection, string table, TimeSpan retention, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var locked = await ReadAsync(
            connection, $"SELECT pg_try_advisory_xact_lock({LockKey})", static row => row.GetBoolean(0), cancellationToken);
        if (!locked[0])
            return;
        var present = await ReadAsync(connection,
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            + $"WHERE i.inhparent = '{table}'::regclass", static row => row.GetString(0), cancellationToken);
        var now = _time.GetUtcNow();
        var made = MonthPartitions.Missing(
            table, present, DateOnly.FromDateTime(now.UtcDateTime), _options.MonthsAhead).ToList();
        var gone = MonthPartitions.Expired(table, present, now, retention).ToList();
        foreach (var statement in made.SelectMany(month => MonthPartitions.Creation(table, month)))
            await ReadAsync(connection, statement, static _ => 0, cancellationToken);
        foreach (var name in gone)
            await ReadAsync(connection, $"DROP TABLE {name}", static _ => 0, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        if (made.Count + gone.Count > 0)
            MetadataLog.Partitioned(_logger, table, made.Count, gone.Count);
    }

    private static async Task<List<T>> ReadAsync<T>(
        NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(map(reader));
        return rows;
    }

    /// <summary>Often enough that a replica is seldom asked for a position it has had no time to reach.</summary>
    private Task FollowAsync()
    {
        var interval = _options.MaxReplicaLag / 16;
        return RepeatAsync(
            interval < TimeSpan.FromSeconds(1) ? interval : TimeSpan.FromSeconds(1), _database.LearnPositionAsync);
    }

    private async Task RepeatAsync(TimeSpan interval, Func<CancellationToken, Task> work)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            do
            {
                try
                {
                    await work(_stop.Token);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    MetadataLog.MaintenanceFailed(_logger, _database.Servers, error);
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // The store is closing.
        }
    }
}
