using Rag.Engine;

namespace Rag.Shard.Replication;

/// <summary>
/// Finds out what of a replica's own mutations is in the shared log. A stream loses only its tail, so what it has of a
/// replica is always the first part.
/// </summary>
internal sealed class TailFinder(ISharedLog log, int partition)
{
    /// <summary>Where a mutation stands in the stream; null where it does not, under these epochs.</summary>
    /// <param name="history">Epochs.</param>
    /// <param name="first">The stream's oldest sequence: what lies before was there when it was trimmed.</param>
    /// <param name="stamp">The mutation's place.</param>
    /// <param name="id">Its id; empty if it is not known.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async ValueTask<ulong?> LocateAsync(
        EpochHistory history, ulong first, WriteStamp stamp, Guid id, CancellationToken cancellationToken)
    {
        if (stamp.IsNone)
            return 0;
        if (history.At(stamp.Sequence) == stamp.Epoch)
        {
            if (stamp.Sequence < first)
                return stamp.Sequence;
            if (await log.FindNextAsync(partition, stamp.Sequence, cancellationToken) is { } entry
                && entry.Sequence == stamp.Sequence
                && LogMessage.TryRead(entry.Body) is { Type: LogMessageType.Mutation } message
                && message.Epoch == stamp.Epoch && Fits(message, id))
                return stamp.Sequence;
        }

        for (var i = history.Records.Length - 1; i >= 0; i--)
        {
            var record = history.Records[i];
            if (record.Epoch > stamp.Epoch && record.At < stamp && stamp <= record.End)
                return await LocateAgainAsync(record, first, stamp, id, cancellationToken);
        }

        return null;
    }

    /// <summary>The last of these mutations that the stream has, by halving; null if it has none.</summary>
    public async ValueTask<(WriteStamp Stamp, Guid Id, ulong Sequence)?> FindLastAsync(
        EpochHistory history, ulong first, IReadOnlyList<(WriteStamp Stamp, Guid Id)> tail,
        CancellationToken cancellationToken)
    {
        var (low, high) = (0, tail.Count - 1);
        (WriteStamp, Guid, ulong)? found = null;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var (stamp, id) = tail[middle];
            if (await LocateAsync(history, first, stamp, id, cancellationToken) is { } sequence)
            {
                found = (stamp, id, sequence);
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return found;
    }

    // Among what was republished at the beginning of an epoch.
    private async ValueTask<ulong?> LocateAgainAsync(
        EpochRecord record, ulong first, WriteStamp stamp, Guid id, CancellationToken cancellationToken)
    {
        if (record.Marker < first)
            return record.Marker;
        for (var sequence = record.Marker; ;)
        {
            if (await log.FindNextAsync(partition, sequence, cancellationToken) is not { } entry
                || LogMessage.TryRead(entry.Body) is not { } message || message.Epoch != record.Epoch
                || message.Type == LogMessageType.Mutation)
                return null;
            if (message.Type == LogMessageType.Republished && message.Place >= stamp)
                return message.Place == stamp && Fits(message, id) ? entry.Sequence : null;
            sequence = entry.Sequence + 1;
        }
    }

    private static bool Fits(LogMessage message, Guid id) => id == Guid.Empty || message.MutationId == id;
}
