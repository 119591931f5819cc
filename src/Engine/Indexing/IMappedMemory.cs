namespace Rag.Engine.Indexing;

/// <summary>
/// Verified bytes of a file, read-only: in the address space while they are warm, and otherwise copied from the system's
/// cache of files by a call. Thread-safe for readers; its finalizer closes what nobody disposed, so whoever reads from it
/// keeps it alive.
/// </summary>
internal unsafe interface IMappedMemory : IDisposable
{
    /// <summary>Bytes that are, or would be, mapped.</summary>
    long MappedBytes { get; }

    /// <summary>The first byte if it is warm; null if not. It stays readable when it is cooled meanwhile.</summary>
    byte* WarmAddress { get; }

    /// <summary>Copies bytes from an offset on.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    void Read(long offset, Span<byte> to);

    /// <summary>Takes it into the address space, where the system has room.</summary>
    void Warm();

    /// <summary>Lets the process forget the pages, which the system's cache of files keeps. Not after it was
    /// disposed.</summary>
    void Cool();
}
