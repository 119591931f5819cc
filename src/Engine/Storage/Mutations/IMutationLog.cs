namespace Rag.Engine.Storage;

/// <summary>
/// The ordered, durable record of every change of all partitions of this process. Order of use: open, restore the
/// sequences, replay, then append. Thread-safe.
/// </summary>
internal interface IMutationLog : IAsyncDisposable
{
    /// <summary>First position that is still in the log.</summary>
    long BeginPosition { get; }

    /// <summary>Position behind the last durable record.</summary>
    long TailPosition { get; }

    /// <summary>Bytes between <see cref="BeginPosition"/> and <see cref="TailPosition"/>.</summary>
    long SizeBytes { get; }

    /// <summary>Bytes that the log's buffers take.</summary>
    long MemoryBytes { get; }

    /// <summary>False while appends are refused: device error, disk full, or closed.</summary>
    bool IsWritable { get; }

    /// <summary>Last sequence given to a record of the partition; 0 if none ever was.</summary>
    ulong LastSequence(int partition);

    /// <summary>Sequences known from elsewhere (the manifest): later ones continue above both. Before the replay.
    /// </summary>
    void RestoreSequences(IEnumerable<KeyValuePair<int, ulong>> lastByPartition);

    /// <summary>
    /// Hands all durable records from <paramref name="fromPosition"/> (a <see cref="DurableRecord.Position"/>, or 0)
    /// to the sink, which then also gets all that is appended. Once, and before the first append.
    /// </summary>
    Task ReplayAsync(IMutationSink sink, long fromPosition, CancellationToken cancellationToken);

    /// <summary>
    /// Appends a record. Ends when it is durable and the sink has applied it; returns its sequence in the partition.
    /// Records get their sequences in the order of the calls. Cancelling withdraws a record that still waits; one that
    /// is on its way to the disk is waited for, because its payload is in use.
    /// </summary>
    /// <exception cref="StorageFullException">Free space is below the reserve; nothing was written.</exception>
    /// <exception cref="StorageFaultException">The device failed; the record is not acknowledged, try again.</exception>
    /// <exception cref="ArgumentException">The payload is too long.</exception>
    ValueTask<ulong> AppendAsync(LogRecord record, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets what lies before <paramref name="position"/>, which must be a position that the log gave out
    /// (<see cref="DurableRecord.Position"/> or <see cref="TailPosition"/>).
    /// </summary>
    ValueTask TruncateBeforeAsync(long position, CancellationToken cancellationToken);
}
