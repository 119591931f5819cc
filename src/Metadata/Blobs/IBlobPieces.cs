namespace Rag.Metadata;

/// <summary>What a database keeps of a blob: numbered pieces, all of one size but the last. Thread-safe.</summary>
internal interface IBlobPieces
{
    /// <summary>Bytes of every piece but the last.</summary>
    int PieceBytes { get; }

    /// <summary>Appends a piece; the first one makes the blob, in place of one that an earlier try left.</summary>
    /// <param name="id">What the first call answered; null in the first.</param>
    /// <returns>The blob's key.</returns>
    Task<long> AppendAsync(
        Guid jobId, long? id, long number, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken);

    /// <summary>The last piece, which may be empty, and the completion in one step that makes all pieces durable.</summary>
    Task CompleteAsync(
        Guid jobId, long? id, long number, ReadOnlyMemory<byte> lastPiece, BlobContent content,
        CancellationToken cancellationToken);

    /// <summary>A piece of a complete blob; null if it is gone.</summary>
    ValueTask<byte[]?> ReadPieceAsync(long id, long number, CancellationToken cancellationToken);

    /// <summary>Deletes a blob, complete or not.</summary>
    Task DeleteAsync(Guid jobId, CancellationToken cancellationToken);
}

/// <summary>A complete blob's row.</summary>
internal sealed record StoredBlob(long Id, long SizeBytes, byte[] Sha256);
