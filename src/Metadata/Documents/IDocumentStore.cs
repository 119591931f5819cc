namespace Rag.Metadata;

/// <summary>
/// Documents of workspaces. Written after their chunks are committed, deleted after their chunks are.
/// </summary>
public interface IDocumentStore
{
    /// <summary>
    /// Records a document. False if its workspace is gone or being deleted. A record with a higher version stays as it
    /// is (and true is returned). <see cref="IJobStore.CompleteAsync"/> does the same together with the job's end.
    /// </summary>
    Task<bool> UpsertAsync(DocumentRecord document, CancellationToken cancellationToken);

    /// <summary>The document, or null.</summary>
    ValueTask<DocumentRecord?> FindAsync(
        Guid workspaceUid, string documentId, CancellationToken cancellationToken);

    /// <summary>Documents in bytewise order of ids.</summary>
    /// <param name="afterId">Exclusive; empty for the beginning. It need not exist.</param>
    /// <param name="limit">1–1,001.</param>
    ValueTask<IReadOnlyList<DocumentRecord>> ListAsync(
        Guid workspaceUid, string afterId, int limit, CancellationToken cancellationToken);

    /// <summary>Forgets a document. False if there is none, or it has another version.</summary>
    /// <param name="ifVersion">0: whatever version it has.</param>
    Task<bool> DeleteAsync(
        Guid workspaceUid, string documentId, long ifVersion, CancellationToken cancellationToken);

    /// <summary>
    /// Notes that documents are no longer what their sources made, so that the same source is indexed again: empties
    /// their fingerprints.
    /// </summary>
    /// <param name="documentIds">Null: all documents of the workspace.</param>
    Task InvalidateAsync(
        Guid workspaceUid, IReadOnlyCollection<string>? documentIds, CancellationToken cancellationToken);

    /// <summary>Number of documents of a workspace.</summary>
    ValueTask<long> CountAsync(Guid workspaceUid, CancellationToken cancellationToken);
}
