using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// Finds out what of a replica's mutations is in the shared log. A stream loses only its tail, but what was under way then
/// is sent again, and may come to lie where it lay before, behind other things than before. So a mutation at its old place
/// does not tell of those before it; only the same storing of it does, or a comparison of all.
/// </summary>
internal sealed class TailFinder(ISharedLog log, int partition)
{
    /// <summary>Where a mutation stands in the stream; null where it does not, under these epochs.</summary>
    /// <param name="history">Epochs.</param>
    /// <param name="first">The stream's oldest sequence: what lies before was there when it was trimmed.</param>
    /// <param name="point">The mutation. Where it is found in the message that it names, that must be the same storing.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async ValueTask<LogPoint?> LocateAsync(
        EpochHistory history, ulong first, LogPoint point, CancellationToken cancellationToken)
    {
        var stamp = point.Stamp;
        if (stamp.IsNone)
            return default(LogPoint);
        if (TrimmedAt(history, first, stamp) is { } trimmed)
            return point with { Sequence = trimmed, StoredAt = 0 };
        if (history.At(stamp.Sequence) == stamp.Epoch
            && await log.FindNextAsync(partition, stamp.Sequence, cancellationToken) is { } entry
            && entry.Sequence == stamp.Sequence
            && LogMessage.TryRead(entry.Body) is { Type: LogMessageType.Mutation } message
            && message.Epoch == stamp.Epoch && Fits(message, entry, point))
            return new LogPoint(stamp, message.MutationId, entry.Sequence, entry.StoredAt);
        return RepublishedIn(history, stamp) is { } record
            ? await LocateAgainAsync(history, record, point, cancellationToken)
            : null;
    }

    /// <summary>
    /// How many of a replica's mutations the stream has, from their first one on, in their order and with nothing between
    /// them; and the last of these. Reads the stream.
    /// </summary>
    /// <param name="history">Epochs.</param>
    /// <param name="first">The stream's oldest sequence.</param>
    /// <param name="covered">Up to here the replica has everything, though it may not be among the mutations.</param>
    /// <param name="tail">The mutations in their order.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<(int Count, LogPoint Last)> CompareAsync(
        EpochHistory history, ulong first, WriteStamp covered, IReadOnlyList<(WriteStamp Stamp, Guid Id)> tail,
        CancellationToken cancellationToken)
    {
        var (count, last) = (0, default(LogPoint));
        for (; count < tail.Count && TrimmedAt(history, first, tail[count].Stamp) is { } at; count++)
            last = new LogPoint(tail[count].Stamp, tail[count].Id, at);
        var end = await log.GetLastAsync(partition, cancellationToken);
        if (count == tail.Count || end < first)
            return (count, last);
        await foreach (var batch in log.ReadAsync(partition, first, cancellationToken))
        {
            foreach (var entry in batch)
            {
                if (entry.Sequence > end)
                    return (count, last);
                // As the follower of the stream takes them.
                if (MutationOf(history, entry) is not { } found || found.Stamp <= last.Stamp
                    || (count == 0 && found.Stamp < tail[0].Stamp && found.Stamp <= covered))
                    continue;
                if ((found.Stamp, found.Id) != tail[count])
                    return (count, last);
                last = found;
                if (++count == tail.Count)
                    return (count, last);
            }

            if (batch[^1].Sequence >= end)
                return (count, last);
        }

        return (count, last);
    }

    // Where a mutation stood that has been trimmed since.
    private static ulong? TrimmedAt(EpochHistory history, ulong first, WriteStamp stamp)
    {
        if (history.At(stamp.Sequence) == stamp.Epoch && stamp.Sequence < first)
            return stamp.Sequence;
        return RepublishedIn(history, stamp) is { } record && record.Marker < first ? record.Marker : null;
    }

    private static EpochRecord? RepublishedIn(EpochHistory history, WriteStamp stamp) => history.Records
        .LastOrDefault(record => record.Epoch > stamp.Epoch && record.At < stamp && stamp <= record.End);

    private static LogPoint? MutationOf(EpochHistory history, SharedLogEntry entry)
    {
        if (LogMessage.TryRead(entry.Body) is not { } message || message.Type == LogMessageType.Epoch
            || history.At(entry.Sequence) != message.Epoch)
            return null;
        var stamp = message.Type == LogMessageType.Republished
            ? message.Place
            : new WriteStamp(message.Epoch, entry.Sequence);
        return new LogPoint(stamp, message.MutationId, entry.Sequence, entry.StoredAt);
    }

    // Among what was republished at the beginning of an epoch.
    private async ValueTask<LogPoint?> LocateAgainAsync(
        EpochHistory history, EpochRecord record, LogPoint point, CancellationToken cancellationToken)
    {
        // Where it was seen, if it was; otherwise from the first of them on.
        var sequence = point.StoredAt != 0 && point.Sequence > record.Marker && history.At(point.Sequence) == record.Epoch
            ? point.Sequence
            : record.Marker;
        while (await log.FindNextAsync(partition, sequence, cancellationToken) is { } entry)
        {
            sequence = entry.Sequence + 1;
            // Strays of former epochs lie between them, and whatever cannot be read.
            if (LogMessage.TryRead(entry.Body) is not { } message || history.At(entry.Sequence) != message.Epoch)
                continue;
            if (message.Epoch != record.Epoch || message.Type == LogMessageType.Mutation)
                return null;
            if (message.Type == LogMessageType.Republished && message.Place >= point.Stamp)
            {
                return message.Place == point.Stamp && Fits(message, entry, point)
                    ? new LogPoint(point.Stamp, message.MutationId, entry.Sequence, entry.StoredAt)
                    : null;
            }
        }

        return null;
    }

    private static bool Fits(LogMessage message, SharedLogEntry entry, LogPoint point) =>
        (point.Id == Guid.Empty || message.MutationId == point.Id)
        && (point.StoredAt == 0 || point.Sequence != entry.Sequence || point.StoredAt == entry.StoredAt);
}
