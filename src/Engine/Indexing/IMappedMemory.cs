namespace Rag.Engine.Indexing;

/// <summary>
/// Verified bytes of a file in the address space, read-only. Thread-safe for readers; its finalizer closes what nobody
/// disposed, so whoever reads from it keeps it alive.
/// </summary>
internal unsafe interface IMappedMemory : IDisposable
{
    /// <summary>The first byte.</summary>
    byte* Address { get; }

    /// <summary>Bytes that are mapped.</summary>
    long MappedBytes { get; }

    /// <summary>
    /// Lets the process forget the pages, which the system's cache of files keeps: the next touch of one brings it back
    /// in about a microsecond. Not after it was disposed.
    /// </summary>
    void ReleasePages();
}
