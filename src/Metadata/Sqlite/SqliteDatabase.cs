using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Rag.Metadata.Sqlite;

/// <summary>
/// One database file in WAL mode: one writer behind a queue, and a bounded number of readers that it never blocks.
/// Thread-safe.
/// </summary>
internal sealed class SqliteDatabase : IAsyncDisposable
{
    private readonly string _path;
    private readonly TimeSpan _busyTimeout;
    private readonly SemaphoreSlim _readers;
    private readonly ConcurrentBag<SqliteSession> _idle = [];
    private readonly SqliteWriter _writer;
    private volatile bool _disposed;

    private SqliteDatabase(string path, SqliteMetadataOptions options, SqliteWriter writer)
    {
        _path = path;
        _busyTimeout = options.BusyTimeout;
        _readers = new SemaphoreSlim(options.MaxReaders);
        _writer = writer;
    }

    /// <summary>Opens or makes the file and brings its schema up to date.</summary>
    /// <param name="pageBytes">Page size of a new file.</param>
    public static SqliteDatabase Open(
        string path, string schema, int applicationId, int pageBytes, SqliteMetadataOptions options, ILogger logger)
    {
        SqliteSession? session = null;
        try
        {
            session = new SqliteSession(path, options.BusyTimeout);
            // Page size and vacuum mode only take effect before the first table is made.
            session.RunScript($"PRAGMA page_size = {pageBytes}; PRAGMA auto_vacuum = INCREMENTAL;");
            session.RunScript("PRAGMA journal_mode = WAL;");
            session.RunScript("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;");
            SqliteMigrations.Apply(session, path, schema, applicationId, logger);
            return new SqliteDatabase(path, options, new SqliteWriter(session, path, options.WriteQueueLength, logger));
        }
        catch (SqliteException error)
        {
            session?.Dispose();
            throw SqliteFaults.Translate(error, path);
        }
        catch
        {
            session?.Dispose();
            throw;
        }
    }

    /// <summary>Runs in a transaction that may hold other callers' writes too; complete means durable.</summary>
    public Task<T> WriteAsync<T>(Func<SqliteSession, T> write, CancellationToken cancellationToken) =>
        _writer.RunAsync(write, durable: true, cancellationToken);

    /// <summary>The same for writes that a later durable one covers: a crash of the machine may undo them.</summary>
    public Task<T> WriteLazilyAsync<T>(Func<SqliteSession, T> write, CancellationToken cancellationToken) =>
        _writer.RunAsync(write, durable: false, cancellationToken);

    /// <summary>
    /// Reads the last committed state. Runs on the caller's thread: a read is some tens of microseconds in the page
    /// cache and never waits for a writer.
    /// </summary>
    public async ValueTask<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await _readers.WaitAsync(cancellationToken);
        SqliteSession? session = null;
        try
        {
            if (!_idle.TryTake(out session))
            {
                session = new SqliteSession(_path, _busyTimeout);
                session.RunScript("PRAGMA query_only = ON");
            }

            var result = read(session);
            if (!_disposed)
            {
                _idle.Add(session);
                session = null;
            }

            return result;
        }
        catch (SqliteException error)
        {
            throw SqliteFaults.Translate(error, _path);
        }
        finally
        {
            session?.Dispose();
            _readers.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await _writer.DisposeAsync();
        while (_idle.TryTake(out var session))
            session.Dispose();
    }
}
