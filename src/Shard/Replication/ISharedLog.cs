namespace Rag.Shard.Replication;

/// <summary>
/// The ordered log that the replicas of all partitions share: JetStream, or a test's. It may lose what it has confirmed,
/// but only from its end. Several partitions share a stream, so a partition's sequences rise with gaps. Thread-safe.
/// </summary>
internal interface ISharedLog
{
    /// <summary>Which of the log's streams a partition is in; what a stream loses, all its partitions lose.</summary>
    int StreamOf(int partition);

    /// <exception cref="SharedLogException">The log does not answer.</exception>
    ValueTask<SharedLogState> GetStateAsync(int stream, CancellationToken cancellationToken);

    /// <summary>Sequence of a partition's newest message; 0 if there is none.</summary>
    /// <exception cref="SharedLogException">The log does not answer.</exception>
    ValueTask<ulong> GetLastAsync(int partition, CancellationToken cancellationToken);

    /// <summary>A partition's first message at or behind a sequence; null if there is none.</summary>
    /// <exception cref="SharedLogException">The log does not answer.</exception>
    ValueTask<SharedLogEntry?> FindNextAsync(int partition, ulong from, CancellationToken cancellationToken);

    /// <summary>
    /// A partition's messages from a sequence on, as they come, in order and without gaps, in batches of what is there.
    /// </summary>
    /// <exception cref="SharedLogException">The log was away: what was read may be lost, look before reading on.
    /// </exception>
    IAsyncEnumerable<IReadOnlyList<SharedLogEntry>> ReadAsync(
        int partition, ulong from, CancellationToken cancellationToken);

    /// <summary>Appends a message; returns its sequence. One with an id that is there already is not appended again.
    /// </summary>
    /// <exception cref="SharedLogException">It may have been appended or not; try again with the same id.</exception>
    ValueTask<ulong> PublishAsync(
        int partition, string id, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);

    /// <summary>Deletes what lies before a sequence.</summary>
    /// <exception cref="SharedLogException">The log does not answer.</exception>
    ValueTask TrimAsync(int stream, ulong before, CancellationToken cancellationToken);
}

/// <summary>A message of the shared log.</summary>
/// <param name="Sequence">Its place in the stream.</param>
/// <param name="Body">Its bytes.</param>
/// <param name="StoredAt">When the stream stored it, in ticks: the same for every reader, and another one for what takes its place
/// after it was lost.</param>
internal readonly record struct SharedLogEntry(ulong Sequence, ReadOnlyMemory<byte> Body, long StoredAt);

/// <summary>What a stream holds.</summary>
/// <param name="First">Sequence of its oldest message.</param>
/// <param name="Last">Sequence of its newest message.</param>
/// <param name="Bytes">Bytes that it holds.</param>
/// <param name="MaxBytes">Bytes that it may hold.</param>
/// <param name="Leader">Who leads it: another one may have lost what this one had.</param>
internal sealed record SharedLogState(ulong First, ulong Last, long Bytes, long MaxBytes, string? Leader);

/// <summary>The shared log cannot do it now.</summary>
/// <param name="message">A sentence.</param>
/// <param name="isFull">It refuses more until it is trimmed.</param>
/// <param name="cause">What was met.</param>
internal sealed class SharedLogException(string message, bool isFull = false, Exception? cause = null)
    : Exception(message, cause)
{
    public bool IsFull => isFull;
}
