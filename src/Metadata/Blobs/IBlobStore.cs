namespace Rag.Metadata;

/// <summary>
/// Bytes of files until their jobs are over, in pieces of at most 1 MiB, so that neither writing nor reading holds a
/// file in memory.
/// </summary>
public interface IBlobStore
{
    /// <summary>Bytes of the largest piece that a store makes.</summary>
    const int PieceBytes = 1024 * 1024;

    /// <summary>Starts a blob. Dispose without <see cref="IBlobWriter.CompleteAsync"/> drops it.</summary>
    IBlobWriter Create(Guid jobId);

    /// <summary>
    /// The bytes as a stream that can be sought; null if there is no complete blob. Reading from the start to the end
    /// checks the SHA-256: damage is an <see cref="InvalidDataException"/>.
    /// </summary>
    ValueTask<Stream?> OpenReadAsync(Guid jobId, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes a blob; nothing happens if there is none. Its space is given back to the file system later.
    /// </summary>
    Task DeleteAsync(Guid jobId, CancellationToken cancellationToken);

    /// <summary>Jobs whose bytes have not been touched for <paramref name="age"/>, in order of their ids.</summary>
    /// <param name="after">Exclusive; the empty UUID for the beginning.</param>
    ValueTask<IReadOnlyList<Guid>> ListUntouchedAsync(
        TimeSpan age, Guid after, int limit, CancellationToken cancellationToken);
}

/// <summary>Writes one blob. For one caller at a time.</summary>
public interface IBlobWriter : IAsyncDisposable
{
    /// <summary>Bytes appended so far.</summary>
    long Length { get; }

    /// <summary>Appends bytes; they are copied.</summary>
    ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Makes the blob readable and durable.</summary>
    Task<BlobContent> CompleteAsync(CancellationToken cancellationToken);
}

/// <summary>What a complete blob holds.</summary>
/// <param name="SizeBytes">Its length.</param>
/// <param name="Sha256">The hash of its bytes, 32 bytes.</param>
public sealed record BlobContent(long SizeBytes, ReadOnlyMemory<byte> Sha256);
