namespace Rag.Metadata;

/// <summary>
/// What is known about workspaces, documents and jobs, and the bytes of files that wait for ingestion. Every member is
/// safe to call from any thread; every write is durable when its task completes. Failures of the store itself (disk
/// full, damaged file, locked for too long) are <see cref="MetadataStoreException"/>s.
/// </summary>
public interface IMetadataStore : IAsyncDisposable
{
    /// <summary>Workspaces and their settings.</summary>
    IWorkspaceStore Workspaces { get; }

    /// <summary>Documents that have been indexed.</summary>
    IDocumentStore Documents { get; }

    /// <summary>Ingestion jobs.</summary>
    IJobStore Jobs { get; }

    /// <summary>Bytes of the files that jobs are about.</summary>
    IBlobStore Blobs { get; }
}
