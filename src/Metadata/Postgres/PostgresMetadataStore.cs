using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Rag.Metadata.Postgres;

/// <summary>
/// The metadata store in PostgreSQL: a primary for writes and for reads that must be exact, replicas for lists and for
/// what never changes. All processes of a cluster have it open at once.
/// </summary>
public sealed class PostgresMetadataStore : IMetadataStore
{
    private static readonly TimeSpan StartPause = TimeSpan.FromMilliseconds(250);

    private readonly PostgresDatabase _database;
    private readonly PostgresSignals _signals;
    private readonly PostgresMaintenance _maintenance;
    private int _disposed;

    private PostgresMetadataStore(
        PostgresDatabase database, PostgresMetadataOptions options, ILogger logger, TimeProvider time)
    {
        _database = database;
        _signals = new PostgresSignals(database, options.PollInterval, logger);
        _maintenance = new PostgresMaintenance(database, options, logger, time);
        Workspaces = new PostgresWorkspaceStore(database, _signals, time);
        var documents = new PostgresDocumentStore(database, time);
        Documents = documents;
        Jobs = new PostgresJobStore(database, documents, _signals, time);
        Blobs = new PostgresBlobStore(database, time);
    }

    public IWorkspaceStore Workspaces { get; }

    public IDocumentStore Documents { get; }

    public IJobStore Jobs { get; }

    public IBlobStore Blobs { get; }

    /// <summary>Done once this process hears of changes by others.</summary>
    internal Task Listening => _signals.Listening;

    /// <summary>
    /// Connects, and brings the schema up to date. While no primary can be reached but a replica has this release's
    /// schema, the store opens all the same: what is read from replicas works, the rest says that it is away.
    /// </summary>
    /// <param name="loggers">Null: nothing is logged.</param>
    /// <param name="time">Null: the servers' clock.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every one that is.</exception>
    /// <exception cref="MetadataStoreException">No server can be used, or a newer release wrote the schema.</exception>
    public static async Task<PostgresMetadataStore> OpenAsync(
        PostgresMetadataOptions options, ILoggerFactory? loggers = null, TimeProvider? time = null,
        CancellationToken cancellationToken = default)
    {
        var problems = string.Join(Environment.NewLine, options.Validate());
        if (problems.Length > 0)
            throw new ArgumentException(problems, nameof(options));
        var logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger<PostgresMetadataStore>();
        var database = new PostgresDatabase(options);
        try
        {
            await PrepareAsync(database, options.StartPatience, logger, cancellationToken);
            return new PostgresMetadataStore(database, options, logger, time ?? TimeProvider.System);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes and drops partitions by month now.</summary>
    internal Task MaintainAsync(CancellationToken cancellationToken) => _maintenance.RunAsync(cancellationToken);

    /// <summary>Asks the primary now how far replicas should be.</summary>
    internal Task LearnPositionAsync(CancellationToken cancellationToken) =>
        _database.LearnPositionAsync(cancellationToken);

    /// <summary>Finishes what is under way and closes the connections. Idempotent.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _signals.DisposeAsync();
        await _maintenance.DisposeAsync();
        await _database.DisposeAsync();
    }

    private static async Task PrepareAsync(
        PostgresDatabase database, TimeSpan patience, ILogger logger, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await MigrateAsync(database, logger, cancellationToken);
                return;
            }
            catch (MetadataStoreException away) when (away.Fault == MetadataFault.Unavailable)
            {
                if (database.HasReplicas && await HasCurrentReplicaAsync(database, cancellationToken))
                {
                    MetadataLog.NoPrimary(logger, database.Servers);
                    return;
                }

                if (watch.Elapsed >= patience)
                    throw;
            }

            await Task.Delay(StartPause, cancellationToken);
        }
    }

    private static async Task MigrateAsync(PostgresDatabase database, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.OpenAsync(primary: true, cancellationToken);
            await PostgresMigrations.ApplyAsync(connection, database.Servers, logger, cancellationToken);
        }
        catch (Exception error) when (PostgresFaults.Translate(error, database.Servers) is { } fault)
        {
            throw fault;
        }
    }

    private static async Task<bool> HasCurrentReplicaAsync(
        PostgresDatabase database, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.OpenAsync(primary: false, cancellationToken);
            return await PostgresMigrations.IsCurrentAsync(connection, database.Servers, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException
            && (error is MetadataStoreException { Fault: MetadataFault.Unavailable }
                || PostgresFaults.Translate(error, database.Servers) is not null))
        {
            return false;
        }
    }
}
