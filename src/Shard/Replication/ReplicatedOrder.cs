using System.Collections.Concurrent;
using System.Collections.Immutable;
using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Shard.Replicas;

namespace Rag.Shard.Replication;

/// <summary>
/// The mutation log that replicas share, as this shard takes part in it: gives the shard's writes their places, and
/// applies to its store what comes for the partitions that it holds. Thread-safe.
/// </summary>
public sealed class ReplicatedOrder : IMutationOrder, IReplicaLog, IAsyncDisposable
{
    private static readonly TimeSpan ResendAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CatchUpPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan OrphanPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private readonly ReplicationContext _context;
    private readonly ConcurrentDictionary<int, Guid> _lastIds;
    private readonly ConcurrentDictionary<int, PartitionReplica> _replicas = new();
    private readonly ConcurrentDictionary<int, Task> _bringing = new();
    private readonly SemaphoreSlim _assigning = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private volatile ImmutableDictionary<int, PartitionHolders> _holders =
        ImmutableDictionary<int, PartitionHolders>.Empty;
    private long _waitingBytes;
    private int _waitingWrites;

    internal ReplicatedOrder(ReplicationContext context, IReadOnlyDictionary<int, Guid> lastIds)
    {
        _context = context;
        _lastIds = new ConcurrentDictionary<int, Guid>(lastIds);
        context.OrphansFound = BringOrphans;
    }

    /// <summary>Partitions that take writes now.</summary>
    public IReadOnlyList<int> OpenPartitions =>
        [.. _replicas.Where(replica => replica.Value.IsOpen).Select(replica => replica.Key).Order()];

    internal IReadOnlyDictionary<int, PartitionReplica> Replicas => _replicas;

    /// <summary>Which shards hold replicas. Those of this shard that serve are followed; others only while they join.
    /// </summary>
    public async Task AssignAsync(IReadOnlyDictionary<int, PartitionHolders> holders)
    {
        await _assigning.WaitAsync();
        try
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            _holders = holders.ToImmutableDictionary();
            foreach (var partition in _replicas.Keys.Where(partition => !holders.ContainsKey(partition)))
                await StopAsync(partition);
            foreach (var (partition, one) in holders)
            {
                if (one.Serving.Contains(_context.Shard))
                    Start(partition);
            }
        }
        finally
        {
            _assigning.Release();
        }
    }

    /// <inheritdoc/>
    public async Task FollowAsync(int partition, CancellationToken cancellationToken)
    {
        await _assigning.WaitAsync(cancellationToken);
        PartitionReplica replica;
        try
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            replica = Start(partition);
        }
        finally
        {
            _assigning.Release();
        }

        ulong? last = null;
        for (; !replica.IsOpen || last is null || replica.Sequence < last; await Task.Delay(CatchUpPause, cancellationToken))
        {
            if (replica.MustCopy is { } reason)
                throw new ReplicaBehindException(reason);
            try
            {
                last ??= await _context.Log.GetLastAsync(partition, cancellationToken);
            }
            catch (SharedLogException)
            {
                // It waits for the log itself.
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<int, string> FindBehind() => _replicas
        .Select(static replica => (replica.Key, Reason: replica.Value.MustCopy))
        .Where(static one => one.Reason is not null).ToDictionary(static one => one.Key, static one => one.Reason!);

    /// <inheritdoc/>
    public async Task LeaveAsync(int partition, CancellationToken cancellationToken)
    {
        await _assigning.WaitAsync(cancellationToken);
        try
        {
            await StopAsync(partition);
            // What comes is another replica's, whose past is not this one's.
            await _context.Memory.SaveAsync(partition, static memory => memory with { Past = [], SeenLast = null });
        }
        finally
        {
            _assigning.Release();
        }
    }

    /// <inheritdoc/>
    public Task OrderAsync(
        SliceId slice, byte kind, Guid mutationId, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        OrderAsync(new OrderedMutation(slice, default, kind, mutationId, payload), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
            return;
        await _stopping.CancelAsync();
        await _assigning.WaitAsync();
        foreach (var replica in _replicas.Values)
            await replica.DisposeAsync();
        await _context.Memory.FlushAsync();
        await Task.WhenAll(_bringing.Values);
        _assigning.Dispose();
        _stopping.Dispose();
    }

    /// <summary>The log was away, or has another leader: every replica looks again where it stands.</summary>
    internal void LookAgain()
    {
        foreach (var replica in _replicas.Values)
            replica.LookAgain(mayHaveLost: true);
    }

    /// <summary>Answers another shard; null where there is no such replica here.</summary>
    internal async Task<PeerAnswer?> AnswerAsync(PeerQuestion question, CancellationToken cancellationToken) =>
        _replicas.TryGetValue(question.Partition, out var replica)
            ? await replica.AnswerAsync(question, cancellationToken)
            : null;

    /// <summary>Shards that hold replicas of partitions of a stream.</summary>
    internal IReadOnlyCollection<string> HoldersOf(int stream) => _holders
        .Where(holder => _context.Log.StreamOf(holder.Key) == stream).SelectMany(holder => holder.Value.All)
        .ToHashSet();

    private ImmutableArray<string> Others(int partition) => _holders.TryGetValue(partition, out var holders)
        ? holders.Serving.Remove(_context.Shard)
        : [];

    private PartitionReplica Start(int partition) => _replicas.GetOrAdd(
        partition,
        partition => new PartitionReplica(_context, partition, TakeLastId(partition), () => Others(partition)));

    private async Task StopAsync(int partition)
    {
        if (_replicas.TryRemove(partition, out var replica))
            await replica.DisposeAsync();
    }

    // As it was at the start; what comes later may be another copy.
    private Guid TakeLastId(int partition) => _lastIds.TryRemove(partition, out var id) ? id : Guid.Empty;

    private async Task OrderAsync(OrderedMutation mutation, CancellationToken cancellationToken)
    {
        var partition = mutation.Slice.Partition;
        if (!_replicas.TryGetValue(partition, out var replica))
            throw ReplicationErrors.NotHeld(partition);
        var bytes = mutation.Payload.Length + LogMessage.HeaderLength;
        if (Interlocked.Increment(ref _waitingWrites) > _context.Options.MaxWaitingWrites
            | Interlocked.Add(ref _waitingBytes, bytes) > _context.Options.MaxWaitingBytes)
        {
            Leave(bytes);
            throw ReplicationErrors.TooMany();
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        deadline.CancelAfter(_context.Options.WriteDeadline);
        var applied = replica.Waiting.Enter(mutation.Slice, mutation.MutationId);
        try
        {
            await SendAsync(replica, mutation, applied, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw _stopping.IsCancellationRequested
                ? ReplicationErrors.Stopping()
                : ReplicationErrors.TimedOut(partition);
        }
        finally
        {
            replica.Waiting.Leave(mutation.Slice, mutation.MutationId, applied);
            Leave(bytes);
        }
    }

    // Published in every epoch that it meets, until it comes back. In an epoch that has ended it is void if it came too
    // late; were it not, the slice remembers its id.
    private async Task SendAsync(
        PartitionReplica replica, OrderedMutation mutation, Task applied, CancellationToken deadline)
    {
        var partition = mutation.Slice.Partition;
        // New for each call: a caller's retry must come back though the stream has the mutation already.
        var attempt = Guid.NewGuid();
        while (!applied.IsCompleted)
        {
            var term = await replica.WhenOpen.WaitAsync(deadline);
            var message = new LogMessage(
                LogMessageType.Mutation, term.Epoch, mutation.Slice, mutation.Kind, mutation.MutationId, default,
                mutation.Origin, mutation.Payload).ToBytes();
            try
            {
                var sequence = await _context.Log.PublishAsync(
                    partition, $"{term.Epoch}.{partition}.{attempt:N}", message, deadline);
                var followed = replica.Sequence;
                if (sequence <= followed && !applied.IsCompleted && !term.Ended.IsCompleted)
                    replica.LookAgain(mayHaveLost: true);
            }
            catch (SharedLogException full) when (full.IsFull)
            {
                throw ReplicationErrors.Full(full);
            }
            catch (SharedLogException)
            {
                await Task.WhenAny(applied, Task.Delay(RetryPause, deadline));
                deadline.ThrowIfCancellationRequested();
                continue;
            }

            await Task.WhenAny(applied, term.Ended, Task.Delay(ResendAfter, deadline));
            if (!applied.IsCompleted)
                deadline.ThrowIfCancellationRequested();
        }

        await applied;
    }

    private void Leave(int bytes)
    {
        Interlocked.Decrement(ref _waitingWrites);
        Interlocked.Add(ref _waitingBytes, -bytes);
    }

    // One at a time for a partition: in their old order.
    private void BringOrphans(int partition)
    {
        if (!_stopping.IsCancellationRequested && _replicas.TryGetValue(partition, out var replica))
        {
            _bringing.AddOrUpdate(partition,
                _ => Task.Run(() => BringOrphansAsync(partition, replica)),
                (_, former) => former.IsCompleted ? Task.Run(() => BringOrphansAsync(partition, replica)) : former);
        }
    }

    private async Task BringOrphansAsync(int partition, PartitionReplica replica)
    {
        while (!_stopping.IsCancellationRequested && replica.Orphans.Exist)
        {
            try
            {
                var orphans = replica.Orphans.Read();
                foreach (var orphan in orphans)
                    await OrderAsync(orphan, _stopping.Token);
                replica.Orphans.Forget(orphans.Count);
                ReplicationLog.OrphansBack(_context.Logger, partition);
            }
            catch (StoreException refused)
            {
                ReplicationLog.Waiting(_context.Logger, partition, refused.Message);
                await Task.Delay(OrphanPause, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception exception)
            {
                ReplicationLog.Died(_context.Logger, exception);
                return;
            }
        }
    }
}
