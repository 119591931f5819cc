using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Rag.Metadata.Sqlite;

/// <summary>
/// The one writer of a database file in this process. Writes queue up and go into shared transactions, so that one
/// fsync serves many; each runs in a savepoint of its own, so that a failing one takes no other with it. Thread-safe.
/// </summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    private const int MaxBatch = 256;

    private readonly SqliteSession _session;
    private readonly string _path;
    private readonly ILogger _logger;
    private readonly Channel<PendingWrite> _queue;
    private readonly Task _loop;
    private bool _synchronous = true;

    public SqliteWriter(SqliteSession session, string path, int queueLength, ILogger logger)
    {
        _session = session;
        _path = path;
        _logger = logger;
        _queue = Channel.CreateBounded<PendingWrite>(new BoundedChannelOptions(queueLength) { SingleReader = true });
        _loop = Task.Run(LoopAsync);
    }

    public async Task<T> RunAsync<T>(Func<SqliteSession, T> write, bool durable, CancellationToken cancellationToken)
    {
        var pending = new PendingWrite<T>(write, durable, cancellationToken);
        try
        {
            await _queue.Writer.WriteAsync(pending, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new MetadataStoreException(MetadataFault.Unavailable, "The metadata store is closing: try again.");
        }

        return await pending.Completion;
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        _session.Dispose();
    }

    private async Task LoopAsync()
    {
        var batch = new List<PendingWrite>(MaxBatch);
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (batch.Count < MaxBatch && _queue.Reader.TryRead(out var write))
                batch.Add(write);
            RunBatch(batch);
            batch.Clear();
        }
    }

    private void RunBatch(List<PendingWrite> batch)
    {
        var begun = false;
        try
        {
            SetSynchronous(batch.Exists(static write => write.Durable));
            _session.Execute("BEGIN IMMEDIATE");
            begun = true;
            foreach (var write in batch)
                RunOne(write, alone: batch.Count == 1);
            _session.Execute("COMMIT");
            begun = false;
            foreach (var write in batch)
                write.Publish();
        }
        catch (Exception error)
        {
            // A full disk or an I/O error may have ended the transaction already.
            if (begun)
                TryRollBack();
            var fault = error is SqliteException sqlite ? SqliteFaults.Translate(sqlite, _path) : error;
            MetadataLog.WriteFailed(_logger, _path, error);
            foreach (var write in batch)
                write.Fail(fault);
        }
    }

    private void RunOne(PendingWrite write, bool alone)
    {
        if (write.IsCancelled)
            return;
        // Alone, the transaction itself is the savepoint.
        if (!alone)
            _session.Execute("SAVEPOINT item");
        try
        {
            write.Run(_session);
        }
        catch (SqliteException error) when (EndsTransaction(error))
        {
            throw;
        }
        catch (Exception error) when (!alone)
        {
            _session.Execute("ROLLBACK TO item");
            write.Refuse(error is SqliteException sqlite ? SqliteFaults.Translate(sqlite, _path) : error);
        }

        if (!alone)
            _session.Execute("RELEASE item");
    }

    /// <summary>
    /// SQLite rolls the whole transaction back by itself on these (full, I/O, memory, busy, interrupt).
    /// </summary>
    private static bool EndsTransaction(SqliteException error) => error.SqliteErrorCode is 13 or 10 or 7 or 5 or 9;

    private void SetSynchronous(bool synchronous)
    {
        if (synchronous == _synchronous)
            return;
        _session.Execute(synchronous ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
        _synchronous = synchronous;
    }

    private void TryRollBack()
    {
        try
        {
            _session.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // No transaction is active: SQLite rolled it back.
        }
    }
}
