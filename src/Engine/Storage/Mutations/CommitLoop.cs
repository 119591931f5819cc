using Microsoft.Extensions.Logging;

namespace Rag.Engine.Storage;

/// <summary>
/// The thread that writes group commits: takes all that waits, makes it durable with one sync, passes it on, and begins
/// anew. While a commit is on its way the next one gathers by itself, so there is no delay to tune: a single caller is
/// served at once, many share a sync. Syncs block, hence a thread and not the pool.
/// </summary>
internal sealed class CommitLoop
{
    private static readonly TimeSpan Forever = Timeout.InfiniteTimeSpan;

    private readonly MutationLogWriter _writer;
    private readonly WorkQueue<LogRequest> _queue;
    private readonly WorkQueue<CommittedBatch> _committed;
    private readonly MutationLogOptions _options;
    private readonly StorageHealth _health;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<TruncateRequest> _truncations = [];
    private Exception? _fault;

    /// <param name="writer">Used by this loop alone from now on.</param>
    /// <param name="queue">Where requests come from.</param>
    /// <param name="committed">Where durable records go; closed at the end.</param>
    /// <param name="options">Limits of a commit.</param>
    /// <param name="health">Told of faults.</param>
    /// <param name="time">For the pause between attempts to reopen.</param>
    /// <param name="logger">Told of faults.</param>
    /// <param name="fault">Why the writer is not open yet; null if it is.</param>
    public CommitLoop(
        MutationLogWriter writer, WorkQueue<LogRequest> queue, WorkQueue<CommittedBatch> committed,
        MutationLogOptions options, StorageHealth health, TimeProvider time, ILogger logger, Exception? fault)
    {
        _writer = writer;
        _queue = queue;
        _committed = committed;
        _options = options;
        _health = health;
        _time = time;
        _logger = logger;
        _fault = fault;
    }

    /// <summary>Runs until the queue is closed and empty.</summary>
    public void Run()
    {
        try
        {
            while (_fault is null ? Serve() : Recover())
            {
            }
        }
        catch (Exception exception)
        {
            MutationLogMessages.LoopDied(_logger, "commit", exception);
            _health.Report(this, exception);
            _queue.Close();
            FailAll(StorageHealth.Describe(exception));
        }
        _committed.Close();
    }

    private bool Serve()
    {
        if (!_queue.Wait(Forever))
            return !_queue.IsClosed;
        var batch = TakeBatch();
        try
        {
            if (batch.Count > 0)
                _committed.TryAdd(new CommittedBatch(batch, _writer.Commit(batch)));
            Truncate();
        }
        catch (Exception exception)
        {
            // Whatever it was, the batch does not count and the log is reopened from what is on disk.
            var answer = StorageHealth.Describe(exception);
            foreach (var request in batch)
                request.Fail(answer);
            BeginFault(exception, answer);
        }
        return true;
    }

    private List<AppendRequest> TakeBatch()
    {
        var batch = new List<AppendRequest>();
        var bytes = 0;
        while (batch.Count < _options.MaxCommitRecords && bytes < _options.MaxCommitBytes
            && _queue.TryTake(out var request))
        {
            if (request is TruncateRequest truncation)
            {
                _truncations.Add(truncation);
            }
            else if (request is AppendRequest append && append.TryTake())
            {
                batch.Add(append);
                bytes += append.Record.Payload.Length;
            }
        }
        return batch;
    }

    private void Truncate()
    {
        if (_truncations.Count == 0)
            return;
        _writer.TruncateBefore(Math.Min(_truncations.Max(one => one.Position), _writer.Until));
        foreach (var truncation in _truncations)
            truncation.Complete();
        _truncations.Clear();
    }

    private void BeginFault(Exception exception, Exception answer)
    {
        MutationLogMessages.Faulted(_logger, exception);
        _fault = exception;
        _writer.Close();
        _health.Report(this, exception);
        foreach (var truncation in _truncations)
            truncation.Fail(answer);
        _truncations.Clear();
        FailAll(answer);
    }

    // Requests that passed the health check before the fault was reported are refused here.
    private bool Recover()
    {
        var started = _time.GetTimestamp();
        while (_options.ReopenInterval - _time.GetElapsedTime(started) is var left && left > TimeSpan.Zero)
        {
            if (_queue.Wait(left))
                FailAll(StorageHealth.Describe(_fault!));
            else if (_queue.IsClosed)
                return false;
        }
        try
        {
            _writer.Reopen();
        }
        catch (Exception exception)
        {
            MutationLogMessages.StillFaulted(_logger, exception.Message);
            _fault = exception;
            _health.Report(this, exception);
            return true;
        }
        _fault = null;
        _health.Clear(this);
        MutationLogMessages.Reopened(_logger, _writer.Until);
        return true;
    }

    private void FailAll(Exception answer)
    {
        while (_queue.TryTake(out var request))
            request.Fail(answer);
    }
}
