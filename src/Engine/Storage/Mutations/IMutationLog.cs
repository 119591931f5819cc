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
    /// Appends records that were ordered elsewhere, with the sequences that they carry. Ends when all are durable and the
    /// sink has applied them; where it fails, those before some place are and none behind it.
    /// </summary>
    /// <exception cref="StorageFullException">Free space is below the reserve.</exception>
    /// <exception cref="StorageFaultException">The device failed.</exception>
    Task AppendAllAsync(IReadOnlyList<LogRecord> records);

    /// <summary>
    /// Reads durable records from the files, from a <see cref="DurableRecord.Position"/> or 0 to the end as it is at the
    /// call. Beside appends; not beside <see cref="TruncateBeforeAsync"/>. Payloads are the reader's own.
    /// </summary>
    /// <param name="fromPosition">Where to begin.</param>
    /// <param name="wanted">Which records are decoded and returned, by slice, epoch and sequence.</param>
    /// <exception cref="CorruptDataException">A record is damaged or missing.</exception>
    IEnumerable<DurableRecord> Read(long fromPosition, Func<SliceId, WriteStamp, bool> wanted);

    /// <summary>
    /// Forgets what lies before <paramref name="position"/>, which must be a position that the log gave out
    /// (<see cref="DurableRecord.Position"/> or <see cref="TailPosition"/>).
    /// </summary>
    ValueTask TruncateBeforeAsync(long position, CancellationToken cancellationToken);
}
