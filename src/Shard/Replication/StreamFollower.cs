using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// Takes a partition's messages in the order of the stream and hands the mutations among them to the store. One caller
/// at a time; what it knows may be read by others.
/// </summary>
internal sealed class StreamFollower(ReplicationContext context, int partition, WaitingWrites waiting)
{
    private readonly Lock _lock = new();
    private LogPoint _last;
    private ulong _sequence;

    /// <summary>The last mutation, as far as it is known.</summary>
    public LogPoint Last
    {
        get
        {
            lock (_lock)
                return _last;
        }
    }

    /// <summary>The stream was followed up to here.</summary>
    public ulong Sequence => Interlocked.Read(ref _sequence);

    /// <summary>Where the follower stands without having followed: after a start, or after something was taken back.
    /// </summary>
    public void Place(LogPoint last)
    {
        lock (_lock)
            _last = last;
        Interlocked.Exchange(ref _sequence, last.Sequence);
    }

    /// <summary>
    /// The sequence to follow from: that of the last mutation, so that what is read can be seen to go on from it; the one
    /// behind it where the stream has it no more.
    /// </summary>
    /// <exception cref="MustCopyException">What comes next may have been trimmed.</exception>
    public ulong StartFrom(LogPoint located, SharedLogState state)
    {
        if (located.StoredAt != 0 && located.Sequence >= state.First)
            return located.Sequence;
        var through = context.Memory[partition].LookedThrough;
        if (through < located.Sequence || through > state.Last)
            through = located.Sequence;
        return through + 1 >= state.First
            ? Math.Max(located.Sequence + 1, state.First)
            : throw new MustCopyException($"The log begins at sequence "
                + $"{state.First}, and this replica has followed it to {through} only.");
    }

    /// <summary>Follows until a sequence has been passed, or for ever.</summary>
    /// <exception cref="LookAgainException">An epoch has begun that the history does not have.</exception>
    /// <exception cref="MustCopyException">Mutations are missing in the stream.</exception>
    /// <exception cref="SharedLogException">The log was away.</exception>
    /// <exception cref="StoreException">The store takes nothing now.</exception>
    public async Task FollowAsync(
        EpochHistory history, ulong from, ulong until, CancellationToken cancellationToken)
    {
        if (until < from)
            return;
        var known = Last is { StoredAt: not 0 } last && last.Sequence == from ? last : default;
        await foreach (var batch in context.Log.ReadAsync(partition, from, cancellationToken))
        {
            // What was looked at may have been lost before reading began, and what has its place now is not its continuation.
            cancellationToken.ThrowIfCancellationRequested();
            if (known.StoredAt != 0 && (batch[0].Sequence, batch[0].StoredAt) != (known.Sequence, known.StoredAt))
                throw new SharedLogException($"The log has lost what partition {partition} was to go on from.");
            known = default;
            await ApplyAsync(history, batch);
            if (batch[^1].Sequence >= until)
                return;
        }
    }

    private async Task ApplyAsync(EpochHistory history, IReadOnlyList<SharedLogEntry> batch)
    {
        var mutations = new List<OrderedMutation>(batch.Count);
        var last = context.Store.LastStamp(partition);
        var sequence = Sequence;
        var point = default(LogPoint);
        Exception? end = null;
        foreach (var entry in batch)
        {
            if (LogMessage.TryRead(entry.Body) is not { } message || message.Slice.Partition != partition)
            {
                // Every replica sees the same bytes and leaves it out.
                ReplicationLog.Unreadable(context.Logger, partition, entry.Sequence);
                continue;
            }

            if (message.Epoch > history.Current)
            {
                // Should the epoch stream have lost it, it is not begun again all the same.
                await context.Memory.SaveAsync(
                    partition, memory => memory with { Promised = Math.Max(memory.Promised, message.Epoch) });
                end = new LookAgainException($"Epoch {message.Epoch} has begun.", message.Epoch);
                break;
            }

            sequence = entry.Sequence;
            // A stray of a former epoch: it was published before its end and came behind it. Its sender publishes it anew.
            if (history.At(entry.Sequence) != message.Epoch)
                continue;
            if (message.Type == LogMessageType.Epoch)
            {
                if (last < history.Find(message.Epoch)?.At)
                {
                    end = new MustCopyException($"Epoch {message.Epoch} goes on behind mutations that the log "
                        + "has no more.");
                    break;
                }

                continue;
            }

            var stamp = message.Type == LogMessageType.Republished
                ? message.Place
                : new WriteStamp(message.Epoch, entry.Sequence);
            if (stamp <= last)
                continue;
            last = stamp;
            point = new LogPoint(stamp, message.MutationId, entry.Sequence, entry.StoredAt);
            mutations.Add(new OrderedMutation(
                message.Slice, stamp, message.Kind, message.MutationId, message.Payload, message.Origin));
        }

        await ApplyAsync(mutations, point);
        Interlocked.Exchange(ref _sequence, sequence);
        if (end is not null)
            throw end;
    }

    private async Task ApplyAsync(List<OrderedMutation> mutations, LogPoint point)
    {
        if (mutations.Count == 0)
            return;
        try
        {
            await context.Store.ApplyAsync(mutations);
        }
        catch (StoreException refused)
        {
            waiting.FailAll(refused);
            throw;
        }

        lock (_lock)
            _last = point;
        foreach (var mutation in mutations)
            waiting.Complete(mutation.Slice, mutation.MutationId);
    }
}
