namespace Rag.Engine.Storage;

/// <summary>
/// The files that storage works on: the local disk, or in tests a disk that fails on demand. All calls are synchronous;
/// whoever waits for the disk does it on a thread of its own. Thread-safe.
/// </summary>
internal interface IStorageFileSystem
{
    /// <summary>Opens a file for reading and writing, made empty if it is missing.</summary>
    IStorageFile OpenOrCreate(string path);

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    IStorageFile OpenRead(string path);

    bool Exists(string path);

    /// <summary>Deletes a file; nothing happens if there is none.</summary>
    void Delete(string path);

    /// <summary>Renames a file in one step; one that has the new name is replaced.</summary>
    void Move(string from, string to);

    /// <summary>Makes a folder and its parents.</summary>
    void CreateFolder(string path);

    /// <summary>Full paths of the files in a folder, in no order; empty if the folder is missing.</summary>
    IEnumerable<string> ListFiles(string folder);

    /// <summary>Full paths of the folders in a folder, in no order; empty if the folder is missing.</summary>
    IEnumerable<string> ListFolders(string folder);

    /// <summary>Makes renames, new and deleted names in a folder durable.</summary>
    void SyncFolder(string path);

    /// <summary>Bytes that may still be written to the disk that holds <paramref name="path"/>.</summary>
    long AvailableBytes(string path);
}

/// <summary>An open file. Reads and writes at offsets may run concurrently. Dispose is idempotent.</summary>
internal interface IStorageFile : IDisposable
{
    long Length { get; }

    /// <summary>Reads until the buffer is full or the file ends; returns the number of bytes read.</summary>
    int Read(long offset, Span<byte> buffer);

    /// <summary>Writes all bytes. They survive the process, but a loss of power only after <see cref="Sync"/>.
    /// </summary>
    void Write(long offset, ReadOnlySpan<byte> bytes);

    void SetLength(long length);

    /// <summary>Returns when all that was written before is on stable storage.</summary>
    void Sync();
}
