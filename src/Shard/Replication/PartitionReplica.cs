using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// This shard's replica of one partition: finds out where it stands, agrees with the other replicas, follows the shared
/// log, and begins all that anew whenever the log was away or an epoch changes.
/// <code>
///            ┌──────────────────────── interrupted ───────────────────────┐
///            ▼                                                            │
///  look: epochs, own place in the stream, other replicas ──► open: follow, take writes
///            │            │                    │
///            │ lost tail, │ others went on     │ missing in the stream
///            │ or nobody  │ without me         ▼
///            │ can tell   ▼                   behind: copy snapshots
///            ▼       take back, bring what was mine as late mutations
///       new epoch
/// </code>
/// Thread-safe.
/// </summary>
internal sealed class PartitionReplica : IAsyncDisposable
{
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BehindPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(2);

    private readonly ReplicationContext _context;
    private readonly int _partition;
    private readonly Func<IReadOnlyList<string>> _others;
    private readonly StreamFollower _follower;
    private readonly EpochChange _change;
    private readonly OwnTail _own;
    private readonly PeerAgreement _agreement;
    private readonly TailReturn _tail;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _quiet = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private CancellationTokenSource? _round;
    private TaskCompletionSource<OpenTerm> _opening = NewOpening();
    private OpenTerm? _term;
    private EpochHistory _history = EpochHistory.Empty;
    private string? _mustCopy;
    private int _guests;
    private int _mustLead;

    // Since then the log has not been away.
    private volatile bool _isSure;

    /// <param name="context">What the replicas of a shard share.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="lastId">Id of the last mutation in the store; empty if it is not known.</param>
    /// <param name="others">Names of the other shards that hold a replica, as of now.</param>
    public PartitionReplica(
        ReplicationContext context, int partition, Guid lastId, Func<IReadOnlyList<string>> others)
    {
        _context = context;
        _partition = partition;
        _others = others;
        Waiting = new WaitingWrites();
        Orphans = new Orphans(context.Folder, partition);
        _follower = new StreamFollower(context, partition, Waiting);
        var finder = new TailFinder(context.Log, partition);
        _own = new OwnTail(context, partition, finder, _follower);
        _own.Resume(lastId);
        _change = new EpochChange(context, partition, _follower, finder, _own, others);
        _agreement = new PeerAgreement(context, partition, finder, others);
        _tail = new TailReturn(context, partition, _own, _follower, Orphans);
        _loop = Task.Run(RunAsync);
    }

    public WaitingWrites Waiting { get; }

    public Orphans Orphans { get; }

    /// <summary>The stream was followed up to here.</summary>
    public ulong Sequence => _follower.Sequence;

    /// <summary>Why it must copy from another one; null where it need not, as far as is known.</summary>
    public string? MustCopy => Volatile.Read(ref _mustCopy);

    public bool IsOpen
    {
        get
        {
            lock (_lock)
                return _term is not null;
        }
    }

    /// <summary>The time of taking writes that is now, or the next one.</summary>
    public Task<OpenTerm> WhenOpen
    {
        get
        {
            lock (_lock)
                return _opening.Task;
        }
    }

    /// <summary>A sequence up to which the stream has nothing of the partition behind a place; 0 if none is known.
    /// </summary>
    public ulong FloorOf(WriteStamp stamp)
    {
        var history = Volatile.Read(ref _history);
        if (history.At(stamp.Sequence) == stamp.Epoch)
            return stamp.Sequence;
        return history.Records.FirstOrDefault(record => record.At < stamp && stamp <= record.End)?.Kept
            ?? history.Find(stamp.Epoch)?.Kept ?? 0;
    }

    /// <summary>Begins anew to find out where it stands.</summary>
    /// <param name="mayHaveLost">Whether the log may have lost something meanwhile.</param>
    public void LookAgain(bool mayHaveLost)
    {
        lock (_lock)
        {
            if (mayHaveLost)
                _isSure = false;
            EndTerm();
            _round?.Cancel();
        }
    }

    /// <summary>Remembers the last mutation that the stream had; durable with what is saved next.</summary>
    public void NoteSeen() => _own.NoteSeen();

    /// <summary>Answers another replica.</summary>
    public async Task<PeerAnswer> AnswerAsync(PeerQuestion question, CancellationToken cancellationToken)
    {
        switch (question.Verb)
        {
            case PeerVerb.Promise:
                return await PromiseAsync(question, cancellationToken);
            case PeerVerb.Lead:
                Interlocked.Exchange(ref _mustLead, 1);
                LookAgain(mayHaveLost: false);
                break;
            case PeerVerb.Look when question.Epoch > _context.Memory[_partition].Followed:
                LookAgain(mayHaveLost: false);
                break;
        }

        return Describe(question, accepted: false);
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
            return;
        await _stopping.CancelAsync();
        LookAgain(mayHaveLost: true);
        await _loop;
        NoteSeen();
        Waiting.FailAll(ReplicationErrors.Stopping());
        _quiet.Dispose();
        _stopping.Dispose();
    }

    private static TaskCompletionSource<OpenTerm> NewOpening() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<PeerAnswer> PromiseAsync(PeerQuestion question, CancellationToken cancellationToken)
    {
        var epoch = question.Epoch;
        if (epoch <= _context.Memory[_partition].Promised)
            return Describe(question, accepted: false);
        await _context.Memory.SaveAsync(
            _partition, memory => memory with { Promised = Math.Max(memory.Promised, epoch) });
        // What was being applied is applied: nothing comes after the answer.
        return await WhileQuietAsync(
            () => Describe(question, _context.Memory[_partition].Promised == epoch), cancellationToken);
    }

    // Between two rounds, before the next one begins.
    private async Task<PeerAnswer> WhileQuietAsync(Func<PeerAnswer> act, CancellationToken cancellationToken)
    {
        lock (_lock)
            _guests++;
        try
        {
            LookAgain(mayHaveLost: false);
            await _quiet.WaitAsync(cancellationToken);
            try
            {
                return act();
            }
            finally
            {
                _quiet.Release();
            }
        }
        finally
        {
            lock (_lock)
                _guests--;
        }
    }

    private bool TryBegin(CancellationTokenSource round)
    {
        lock (_lock)
        {
            if (_guests > 0)
                return false;
            _round = round;
            return true;
        }
    }

    private PeerAnswer Describe(PeerQuestion question, bool accepted)
    {
        var memory = _context.Memory[_partition];
        var last = _own.Last;
        return new PeerAnswer(last.Stamp, last.Id, memory.Promised, memory.Followed, IsOpen, accepted,
            Math.Max(Sequence, memory.LookedThrough), memory.IsApartFrom(question.Last), last.Sequence, last.StoredAt);
    }

    private async Task RunAsync()
    {
        var failures = 0;
        while (!_stopping.IsCancellationRequested)
        {
            using var round = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            try
            {
                while (!TryBegin(round))
                    await Task.Delay(1, round.Token);
                await _quiet.WaitAsync(round.Token);
                try
                {
                    await RunRoundAsync(round.Token);
                    failures = 0;
                }
                finally
                {
                    lock (_lock)
                        EndTerm();
                    _quiet.Release();
                }
            }
            catch (Exception exception)
            {
                var pause = PauseAfter(exception, round.IsCancellationRequested, ref failures);
                await Task.Delay(pause, round.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            lock (_lock)
                _round = null;
        }
    }

    private TimeSpan PauseAfter(Exception exception, bool isInterrupted, ref int failures)
    {
        switch (exception)
        {
            case OperationCanceledException when isInterrupted:
            case LookAgainException:
                ReplicationLog.LookingAgain(_context.Logger, _partition, exception.Message);
                failures = 0;
                return TimeSpan.FromMilliseconds(1);
            case MustCopyException behind:
                Volatile.Write(ref _mustCopy, behind.Message);
                ReplicationLog.Behind(_context.Logger, _partition, behind.Message);
                return BehindPause;
            case SharedLogException or StoreException:
                if (failures == 0)
                    ReplicationLog.Waiting(_context.Logger, _partition, exception.Message);
                _isSure = false;
                break;
            default:
                ReplicationLog.Unexpected(_context.Logger, _partition, exception);
                _isSure = false;
                break;
        }

        var pause = FirstRetry * (1 << Math.Min(failures++, 10));
        return pause < LastRetry ? pause : LastRetry;
    }

    private async Task RunRoundAsync(CancellationToken cancellationToken)
    {
        var entry = await _context.Epochs.ReadAsync(_partition, cancellationToken);
        if (entry.History.Highest > _context.Memory[_partition].Promised)
        {
            await _context.Memory.SaveAsync(_partition, memory => memory with { Promised = entry.History.Highest });
        }

        // Who has another history than the others leads nobody.
        if (_context.Memory[_partition].IsApartFrom(entry.History))
        {
            await _tail.TakeBackAsync(entry.History, cancellationToken);
            return;
        }

        if (Interlocked.Exchange(ref _mustLead, 0) != 0 || await WaitForChangeAsync(entry, cancellationToken) is null)
        {
            await ChangeAsync(entry, cancellationToken);
            return;
        }

        entry = await _context.Epochs.ReadAsync(_partition, cancellationToken);
        var history = entry.History;
        if (_context.Memory[_partition].IsApartFrom(history))
            return;
        var state = await _context.Log.GetStateAsync(_context.Log.StreamOf(_partition), cancellationToken);
        var located = await _own.LocateAsync(history, state.First, cancellationToken);
        if (located is null && _context.Memory[_partition].Followed < history.Current)
        {
            await _tail.TakeBackAsync(history, cancellationToken);
            return;
        }

        if (located is null || !(_isSure || await _agreement.IsReachedAsync(history, state, cancellationToken)))
        {
            await BeTurnAsync(cancellationToken);
            await ChangeAsync(entry, cancellationToken);
            return;
        }

        await OpenAsync(history, state, located.Value, cancellationToken);
    }

    private async Task ChangeAsync(EpochEntry entry, CancellationToken cancellationToken)
    {
        if (!await _change.TryAsync(entry, cancellationToken))
            return;
        // All that may come from elsewhere is older than what comes now.
        lock (_lock)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _isSure = true;
        }
    }

    private async Task OpenAsync(
        EpochHistory history, SharedLogState state, LogPoint located, CancellationToken cancellationToken)
    {
        var stamp = _context.Store.LastStamp(_partition);
        await _agreement.LearnAsync(history, located.Sequence, state, cancellationToken);
        var from = _follower.StartFrom(located, state);
        if (!_context.Memory[_partition].Follows(history))
            await _context.Memory.SaveAsync(_partition, memory => memory.Follow(history));
        _follower.Place(located);
        _context.Memory.Note(_partition, memory => memory.WithSeen(located));
        Volatile.Write(ref _history, history);
        if (Orphans.Exist)
            _context.OrphansFound(_partition);
        ReplicationLog.Following(_context.Logger, _partition, history.Current, located.Sequence, stamp);
        lock (_lock)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Volatile.Write(ref _mustCopy, null);
            _isSure = true;
            _term = new OpenTerm(history.Current);
            _opening.TrySetResult(_term);
        }

        await _follower.FollowAsync(history, from, ulong.MaxValue, cancellationToken);
    }

    // Waits for an epoch that has been begun; null if it is not completed in time.
    private async Task<EpochEntry?> WaitForChangeAsync(EpochEntry entry, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(_context.Options.EpochPatience * (1 + Random.Shared.NextDouble() / 8));
        while (Math.Max(entry.History.Highest, _context.Memory[_partition].Promised) > entry.History.Current)
        {
            try
            {
                await Task.Delay(PollPause, patience.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return null;
            }

            entry = await _context.Epochs.ReadAsync(_partition, cancellationToken);
        }

        return entry;
    }

    // Replicas that find out at the same time should not begin an epoch at the same time.
    private Task BeTurnAsync(CancellationToken cancellationToken)
    {
        var turn = _others().Count(other => string.CompareOrdinal(other, _context.Shard) < 0);
        return Task.Delay(
            TimeSpan.FromMilliseconds(turn * 300 + Random.Shared.Next(0, 100)), cancellationToken);
    }

    private void EndTerm()
    {
        if (_term is null)
            return;
        _term.End();
        _term = null;
        _opening = NewOpening();
    }
}
