using Microsoft.Extensions.Logging;

namespace Rag.Engine.Storage;

/// <summary>
/// The mutation log of a process that needs no server: one FasterLog for all partitions, which also gives out the
/// sequences.
/// <code>
///  callers ──AppendAsync──▶ queue ──▶ commit loop ──────────────────▶ queue ──▶ delivery loop ──▶ sink, callers
///             (gate)                  records + footer → pages → file,           in log order
///                                     sync, journal entry, sync
/// </code>
/// See <see cref="MutationRecordHeader"/> and <see cref="JournalEntry"/> for the bytes, <see cref="MutationReplay"/>
/// for what is found at the next start. Thread-safe.
/// </summary>
internal sealed class FasterMutationLog : IMutationLog
{
    private readonly MutationLogOptions _options;
    private readonly IPayloadCodec _codec;
    private readonly StorageHealth _health;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SegmentFiles _segments;
    private readonly CommitJournalReader _journalReader;
    private readonly MutationLogWriter _writer;
    private readonly List<CommittedRange> _adopted;
    private readonly int _lastJournalFile;
    private readonly bool _isUnreadable;
    private readonly CommitInfo _end;
    private readonly WorkQueue<LogRequest> _queue = new();
    private readonly AppendGate _gate;
    private readonly WorkQueue<CommittedBatch> _committed = new();
    private Exception? _openFault;
    private Task _loops = Task.CompletedTask;
    private int _state; // 0 opened, 1 replaying, 2 serving, 3 disposed

    private FasterMutationLog(
        IStorageFileSystem files, MutationLogOptions options, IPayloadCodec codec, StorageHealth health,
        TimeProvider time, ILogger logger)
    {
        _options = options;
        _codec = codec;
        _health = health;
        _time = time;
        _logger = logger;
        _gate = new AppendGate(_queue, options.PendingBytes);
        _segments = new SegmentFiles(files, options.Folder, "mutations", options.SegmentBytes);
        _journalReader = new CommitJournalReader(files, options.Folder);
        using var recovery = new MutationLogRecovery(_segments, _journalReader);
        var recovered = recovery.Run();
        if (recovered.JournalLost)
            MutationLogMessages.JournalLost(logger);
        MutationLogMessages.Opened(logger, recovered.Begin, recovered.Until, recovered.Adopted.Count);
        _lastJournalFile = recovered.JournalFiles.Count == 0 ? 0 : recovered.JournalFiles[^1].Number;
        _adopted = recovered.Adopted;
        _isUnreadable = recovered.IsUnreadable;
        _end = recovered.Next();
        var journal = new CommitJournal(files, options.Folder, options.JournalFileBytes, recovered.JournalFiles);
        _writer = new MutationLogWriter(_segments, journal, codec, options, recovered);
        TryReopen();
    }

    public long BeginPosition => _writer.Begin;

    public long TailPosition => _writer.Until;

    public long SizeBytes => TailPosition - BeginPosition;

    public long MemoryBytes => Math.Max(_options.MemoryBytes, 2L * MutationLogOptions.PageBytes);

    public bool IsWritable => Volatile.Read(ref _state) == 2 && _health.IsWritable;

    /// <summary>
    /// Opens the log of a folder, or begins one. A disk that is full or fails does not keep it from opening for reads:
    /// appends are refused then, until it works.
    /// </summary>
    public static FasterMutationLog Open(
        IStorageFileSystem files, MutationLogOptions options, IPayloadCodec codec, StorageHealth health,
        TimeProvider time, ILogger logger) => new(files, options, codec, health, time, logger);

    public ulong LastSequence(int partition) => _writer.LastSequence(partition);

    public void RestoreSequences(IEnumerable<KeyValuePair<int, ulong>> lastByPartition)
    {
        if (Volatile.Read(ref _state) != 0)
            throw new InvalidOperationException("Sequences are restored before the replay.");
        foreach (var (partition, last) in lastByPartition)
            _writer.RaiseSequence(partition, last);
    }

    public async Task ReplayAsync(IMutationSink sink, long fromPosition, CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, 1, 0) != 0)
            throw new InvalidOperationException("The log is replayed once.");
        await Task.Factory.StartNew(
            () => Replay(sink, fromPosition, cancellationToken),
            cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var commit = new CommitLoop(_writer, _queue, _committed, _options, _health, _time, _logger, _openFault);
        var delivery = new DeliveryLoop(_committed, sink, OnApplyFailed, _logger);
        _loops = Task.WhenAll(
            Task.Factory.StartNew(commit.Run, default, TaskCreationOptions.LongRunning, TaskScheduler.Default),
            Task.Factory.StartNew(delivery.Run, default, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        if (_openFault is not null)
        {
            _health.Clear(this);
            _health.Report(commit, _openFault);
        }
        Interlocked.CompareExchange(ref _state, 2, 1);
    }

    public async ValueTask<ulong> AppendAsync(LogRecord record, CancellationToken cancellationToken)
    {
        if (record.Payload.Length > MutationLogOptions.MaxPayloadBytes)
        {
            throw new ArgumentException(
                $"A payload has at most {MutationLogOptions.MaxPayloadBytes} bytes.", nameof(record));
        }
        ThrowIfNotServing();
        var request = new AppendRequest(record);
        _health.ThrowIfNotWritable(request.Cost);
        cancellationToken.ThrowIfCancellationRequested();
        _gate.Enter(request);
        try
        {
            await using var registration = cancellationToken.UnsafeRegister(
                static (state, token) =>
                {
                    var (gate, one) = ((AppendGate, AppendRequest))state!;
                    gate.Withdraw(one, token);
                },
                (_gate, request));
            return await request.Completion;
        }
        finally
        {
            _gate.Leave(request);
        }
    }

    public Task AppendAllAsync(IReadOnlyList<LogRecord> records)
    {
        ThrowIfNotServing();
        var group = new AppendGroup();
        var requests = new AppendRequest[records.Count];
        var cost = 0L;
        for (var i = 0; i < requests.Length; i++)
        {
            if (records[i].Payload.Length > MutationLogOptions.MaxPayloadBytes)
            {
                throw new ArgumentException(
                    $"A payload has at most {MutationLogOptions.MaxPayloadBytes} bytes.", nameof(records));
            }
            requests[i] = new AppendRequest(records[i], group);
            cost += requests[i].Cost;
        }
        _health.ThrowIfNotWritable(cost);
        // All enter before the first is waited for: the gate keeps their order.
        foreach (var request in requests)
            _gate.Enter(request);
        return Task.WhenAll(requests.Select(EndAsync));
    }

    public IEnumerable<DurableRecord> Read(long fromPosition, Func<SliceId, WriteStamp, bool> wanted) =>
        new CommittedReader(_segments, _codec).Read(Math.Max(fromPosition, BeginPosition), TailPosition, wanted);

    public async ValueTask TruncateBeforeAsync(long position, CancellationToken cancellationToken)
    {
        ThrowIfNotServing();
        if (position <= BeginPosition)
            return;
        var request = new TruncateRequest(position);
        if (!_queue.TryAdd(request))
            throw new StorageFaultException("The mutation log is closed.");
        await request.Completion.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _state, 3) == 3)
            return;
        _queue.Close();
        await _loops;
        _writer.Dispose();
        _segments.Dispose();
        _health.Clear(this);
    }

    private async Task EndAsync(AppendRequest request)
    {
        try
        {
            await request.Completion;
        }
        finally
        {
            _gate.Leave(request);
        }
    }

    private void TryReopen()
    {
        try
        {
            _writer.Reopen();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            MutationLogMessages.Faulted(_logger, exception);
            _openFault = exception;
            _health.Report(this, exception);
        }
    }

    private void Replay(IMutationSink sink, long fromPosition, CancellationToken cancellationToken)
    {
        using var replay = new MutationReplay(_segments, _codec, sink, BeginPosition, fromPosition, _logger);
        if (_isUnreadable)
            replay.ReportLoss("The mutation log and its commit journal cannot be read; copies of the files were kept.");
        replay.Run(ListCommits(), _end, cancellationToken);
        MutationLogMessages.Replayed(_logger, replay.Delivered);
    }

    private IEnumerable<CommittedRange> ListCommits()
    {
        foreach (var file in _journalReader.ListFiles().Where(number => number <= _lastJournalFile))
        {
            foreach (var entry in _journalReader.Read(file))
            {
                if (entry.Commit is { } info)
                    yield return new CommittedRange(info, entry.Until, entry.Session);
            }
        }
        foreach (var range in _adopted)
            yield return range;
    }

    private void OnApplyFailed(Exception exception)
    {
        _health.Report(this, exception);
        _queue.Close();
    }

    private void ThrowIfNotServing()
    {
        var state = Volatile.Read(ref _state);
        ObjectDisposedException.ThrowIf(state == 3, this);
        if (state != 2)
            throw new InvalidOperationException("The log must be replayed before it takes appends.");
    }
}
