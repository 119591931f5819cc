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
    private static readonly TimeSpan TellPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(2);

    private readonly ReplicationContext _context;
    private readonly int _partition;
    private readonly Func<IReadOnlyList<string>> _others;
    private readonly StreamFollower _follower;
    private readonly EpochChange _change;
    private readonly TailFinder _finder;
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
    private bool _isSure;
    private bool _mustLead;

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
        _follower.Place(0, lastId);
        _change = new EpochChange(context, partition, _follower, others);
        _finder = new TailFinder(context.Log, partition);
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

    /// <summary>Answers another replica.</summary>
    public async Task<PeerAnswer> AnswerAsync(PeerQuestion question, CancellationToken cancellationToken)
    {
        switch (question.Verb)
        {
            case PeerVerb.Promise:
                return await PromiseAsync(question.Epoch, cancellationToken);
            case PeerVerb.Lead:
                lock (_lock)
                    _mustLead = true;
                LookAgain(mayHaveLost: false);
                break;
            case PeerVerb.Look when question.Epoch > _context.Memory[_partition].Followed:
                LookAgain(mayHaveLost: false);
                break;
        }

        return Describe(accepted: false);
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
            return;
        await _stopping.CancelAsync();
        LookAgain(mayHaveLost: true);
        await _loop;
        Waiting.FailAll(ReplicationErrors.Stopping());
        _quiet.Dispose();
        _stopping.Dispose();
    }

    private static TaskCompletionSource<OpenTerm> NewOpening() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<PeerAnswer> PromiseAsync(uint epoch, CancellationToken cancellationToken)
    {
        if (epoch <= _context.Memory[_partition].Promised)
            return Describe(accepted: false);
        await _context.Memory.SaveAsync(
            _partition, memory => memory with { Promised = Math.Max(memory.Promised, epoch) });
        // What was being applied is applied: nothing comes after the answer.
        return await WhileQuietAsync(
            () => Describe(_context.Memory[_partition].Promised == epoch), cancellationToken);
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

    private PeerAnswer Describe(bool accepted)
    {
        var memory = _context.Memory[_partition];
        return new PeerAnswer(_context.Store.LastStamp(_partition), _follower.LastId, memory.Promised, memory.Followed,
            IsOpen, accepted, Math.Max(Sequence, memory.LookedThrough));
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
                _context.Behind(new ReplicaBehind(_partition, behind.Has, behind.Message));
                return BehindPause;
            case SharedLogException or StoreException:
                if (failures == 0)
                    ReplicationLog.Waiting(_context.Logger, _partition, exception.Message);
                SetUnsure();
                break;
            default:
                ReplicationLog.Unexpected(_context.Logger, _partition, exception);
                SetUnsure();
                break;
        }

        var pause = FirstRetry * (1 << Math.Min(failures++, 10));
        return pause < LastRetry ? pause : LastRetry;
    }

    private void SetUnsure()
    {
        lock (_lock)
            _isSure = false;
    }

    private async Task RunRoundAsync(CancellationToken cancellationToken)
    {
        var entry = await _context.Epochs.ReadAsync(_partition, cancellationToken);
        if (entry.History.Highest > _context.Memory[_partition].Promised)
        {
            await _context.Memory.SaveAsync(_partition, memory => memory with { Promised = entry.History.Highest });
        }

        if (TakeMustLead() || await WaitForChangeAsync(entry, cancellationToken) is null)
        {
            await ChangeAsync(entry, cancellationToken);
            return;
        }

        entry = await _context.Epochs.ReadAsync(_partition, cancellationToken);
        var history = entry.History;
        var state = await _context.Log.GetStateAsync(_context.Log.StreamOf(_partition), cancellationToken);
        var stamp = _context.Store.LastStamp(_partition);
        var located = await _finder.LocateAsync(history, state.First, stamp, _follower.LastId, cancellationToken);
        if (located is null && _context.Memory[_partition].Followed < history.Current)
        {
            await TakeBackAsync(history, state.First, cancellationToken);
            return;
        }

        if (located is null || !await IsAgreedAsync(history, state, cancellationToken))
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
        EpochHistory history, SharedLogState state, ulong located, CancellationToken cancellationToken)
    {
        var stamp = _context.Store.LastStamp(_partition);
        await LearnAsync(history, located, state, cancellationToken);
        var from = _follower.StartBehind(located, state);
        if (_context.Memory[_partition].Followed != history.Current)
            await _context.Memory.SaveAsync(_partition, memory => memory with { Followed = history.Current });
        _follower.Place(located, _follower.LastId);
        Volatile.Write(ref _history, history);
        if (Orphans.Exist)
            _context.OrphansFound(_partition);
        ReplicationLog.Following(_context.Logger, _partition, history.Current, located, stamp);
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

    // A copy of a partition that rests does not say how far its source had looked; one that has no more than we have does.
    private async Task LearnAsync(
        EpochHistory history, ulong located, SharedLogState state, CancellationToken cancellationToken)
    {
        if (Math.Max(located, _context.Memory[_partition].LookedThrough) + 1 >= state.First)
            return;
        var question = new PeerQuestion(PeerVerb.Tell, _partition);
        foreach (var shard in _others())
        {
            var answer = await _context.Peers.AskAsync(shard, question, TellPatience, cancellationToken);
            if (answer is { IsOpen: true } && answer.Followed == history.Current
                && answer.Stamp == _context.Store.LastStamp(_partition) && answer.Through <= state.Last)
            {
                _context.Memory.Note(_partition, memory => memory with { LookedThrough = answer.Through });
                return;
            }
        }
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

    /// <summary>
    /// Whether nothing that another replica has is missing in the stream. Where none of them is open and some do not
    /// answer nobody can tell; then a new epoch makes sure that what they may bring later is older than what comes now.
    /// </summary>
    private async Task<bool> IsAgreedAsync(
        EpochHistory history, SharedLogState state, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_isSure)
                return true;
        }

        var missing = _others().ToHashSet();
        var question = new PeerQuestion(PeerVerb.Tell, _partition);
        for (var began = Environment.TickCount64; missing.Count > 0; await Task.Delay(PollPause, cancellationToken))
        {
            var answers = await Task.WhenAll(missing.Select(async shard =>
                (shard, answer: await _context.Peers.AskAsync(shard, question, TellPatience, cancellationToken))));
            foreach (var (shard, answer) in answers)
            {
                if (answer is null)
                    continue;
                missing.Remove(shard);
                if (answer.Promised > _context.Memory[_partition].Promised)
                {
                    await _context.Memory.SaveAsync(_partition, memory => memory with { Promised = answer.Promised });
                    throw new LookAgainException($"Shard {shard} has seen epoch {answer.Promised}.");
                }

                if (answer.Followed == history.Current && await _finder.LocateAsync(
                    history, state.First, answer.Stamp, answer.LastId, cancellationToken) is null)
                    return false;
                if (answer.IsOpen && answer.Followed == history.Current)
                    return true;
            }

            if (Environment.TickCount64 - began > _context.Options.PeerPatience.TotalMilliseconds)
                return missing.Count == 0;
        }

        return true;
    }

    // Replicas that find out at the same time should not begin an epoch at the same time.
    private Task BeTurnAsync(CancellationToken cancellationToken)
    {
        var turn = _others().Count(other => string.CompareOrdinal(other, _context.Shard) < 0);
        return Task.Delay(
            TimeSpan.FromMilliseconds(turn * 300 + Random.Shared.Next(0, 100)), cancellationToken);
    }

    private async Task TakeBackAsync(EpochHistory history, ulong first, CancellationToken cancellationToken)
    {
        var tail = new List<(WriteStamp Stamp, Guid Id)>();
        await _context.Store.ReadTailAsync(_partition, default, mutation =>
        {
            tail.Add((mutation.Stamp, mutation.MutationId));
            return Task.CompletedTask;
        }, cancellationToken);
        var stamp = _context.Store.LastStamp(_partition);
        var common = await _finder.FindLastAsync(history, first, tail, cancellationToken);
        var after = common?.Stamp ?? default;
        var orphans = new List<OrderedMutation>();
        await _context.Store.ReadTailAsync(_partition, after, mutation =>
        {
            orphans.Add(mutation);
            return Task.CompletedTask;
        }, cancellationToken);
        ReplicationLog.Orphaned(_context.Logger, _partition, orphans.Count, after);
        if (orphans.Count > 0)
            Orphans.Add(orphans);
        if (common is null && tail.Count == 0)
            throw new MustCopyException(stamp, "The other replicas have another history than this one.");
        if (!await _context.Store.RollBackAsync(_partition, after, cancellationToken))
        {
            throw new MustCopyException(
                stamp, "Snapshots of this replica hold mutations that the others went on without.");
        }

        _follower.Place(common?.Sequence ?? 0, common?.Id ?? Guid.Empty);
    }

    private bool TakeMustLead()
    {
        lock (_lock)
        {
            var must = _mustLead;
            _mustLead = false;
            return must;
        }
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
