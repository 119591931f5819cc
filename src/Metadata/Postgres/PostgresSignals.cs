using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Rag.Metadata.Postgres;

/// <summary>
/// Wakes whoever waits for jobs in any process. What this process changes is told at once to those who wait here, and in
/// one notification for some milliseconds' changes to the other processes:
/// <code>
///   change ── ChangeSignals ──▶ waiters here
///        └─── queue ── NOTIFY rag_jobs, 'sender work id id …' ──▶ LISTEN in every process ── ChangeSignals ──▶ waiters
/// </code>
/// Notifications are sent after the change is committed, in transactions of their own that write nothing: a NOTIFY in
/// the change's own transaction would make all commits of the database wait for one another. What is lost is found when
/// the poll interval is over. Thread-safe.
/// </summary>
internal sealed class PostgresSignals : IAsyncDisposable
{
    private const string Channel = "rag_jobs";

    private const string Work = "work";

    private const string All = "all";

    /// <summary>More than these in one go are told as "all": a payload has at most 8,000 bytes.</summary>
    private const int MaxNamed = 128;

    /// <summary>Changes that wait to be told; more are not told.</summary>
    private const int QueueLength = 1024;

    /// <summary>What is changed in so short a time is told together.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly string _sender = Guid.NewGuid().ToString("N");
    private readonly PostgresDatabase _database;
    private readonly ILogger _logger;
    private readonly ChangeSignals _local;
    private readonly Channel<string> _queue = System.Threading.Channels.Channel.CreateBounded<string>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _listener;
    private readonly Task _teller;

    public PostgresSignals(PostgresDatabase database, TimeSpan pollInterval, ILogger logger)
    {
        _database = database;
        _logger = logger;
        _local = new ChangeSignals(pollInterval, TimeProvider.System);
        _listener = Task.Run(ListenAsync);
        _teller = Task.Run(TellAsync);
    }

    /// <summary>Done once this process hears the others for the first time.</summary>
    internal Task Listening => _listening.Task;

    public Task WaitForWorkAsync(CancellationToken cancellationToken) => _local.WaitForWorkAsync(cancellationToken);

    public Task WaitForJobAsync(Guid jobId, CancellationToken cancellationToken) =>
        _local.WaitForJobAsync(jobId, cancellationToken);

    public void PulseWork()
    {
        _local.PulseWork();
        _queue.Writer.TryWrite(Work);
    }

    public void PulseJob(Guid jobId)
    {
        _local.PulseJob(jobId);
        _queue.Writer.TryWrite(jobId.ToString("N"));
    }

    public void PulseAll()
    {
        _local.PulseAll();
        _queue.Writer.TryWrite(All);
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        _queue.Writer.TryComplete();
        // What was changed last is told before the end, but the end does not wait for a server that is away.
        await Task.WhenAny(_teller, Task.Delay(Pause));
        await _stop.CancelAsync();
        await Task.WhenAll(_listener, _teller);
    }

    private async Task ListenAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _database.OpenAsync(primary: true, _stop.Token);
                connection.Notification += (_, notification) => Hear(notification.Payload);
                await using (var command = new NpgsqlCommand($"LISTEN {Channel}", connection))
                    await command.ExecuteNonQueryAsync(_stop.Token);
                _listening.TrySetResult();
                // What happened while nobody listened.
                _local.PulseAll();
                while (true)
                    await connection.WaitAsync(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                MetadataLog.NotListening(_logger, _database.Servers, error);
            }

            await PauseAsync();
        }
    }

    private async Task TellAsync()
    {
        var changes = new HashSet<string>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            if (!_queue.Reader.Completion.IsCompleted)
                await Task.Delay(Gather);
            changes.Clear();
            while (changes.Count < MaxNamed && _queue.Reader.TryRead(out var change))
                changes.Add(change);
            try
            {
                await _database.WriteAsync(Guid.Empty, PostgresStatement.Of(
                    "SELECT pg_notify($1, $2)", Channel, $"{_sender} {string.Join(' ', changes)}"),
                    static _ => 0, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // The others find it by looking for themselves.
                MetadataLog.NotTold(_logger, _database.Servers, error);
            }
        }
    }

    private void Hear(string payload)
    {
        var words = payload.Split(' ');
        if (words[0] == _sender)
            return;
        foreach (var word in words.AsSpan(1))
        {
            if (word == Work)
                _local.PulseWork();
            else if (Guid.TryParseExact(word, "N", out var jobId))
                _local.PulseJob(jobId);
            else
                _local.PulseAll();
        }
    }

    private async Task PauseAsync()
    {
        try
        {
            await Task.Delay(Pause, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The store is closing.
        }
    }
}
