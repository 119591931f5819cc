using Rag.Engine.Storage;

namespace Rag.Engine.Tests.Store;

/// <summary>The local disk, whose writes and free space fail on demand; maps work as they do on the local
/// disk.</summary>
internal sealed class FailingFiles : IStorageFileSystem
{
    private readonly LocalFileSystem _local = LocalFileSystem.Instance;

    /// <summary>Error number of every write and sync of a matching path: 5 is EIO, 28 ENOSPC; 0 for none.</summary>
    public volatile int Error;

    /// <summary>Which paths fail.</summary>
    public Func<string, bool> Concerns { get; set; } = _ => true;

    /// <summary>Whether what is written to a path is damaged on its way: one bit behind the middle of each write.</summary>
    public Func<string, bool> Damages { get; set; } = _ => false;

    /// <summary>Whether syncs reach the disk. Tests that end or kill a process do without: its writes survive
    /// it.</summary>
    public bool Syncs { get; init; }

    /// <summary>Free bytes to pretend; null for the truth.</summary>
    public long? Free { get; set; }

    public IStorageFile OpenOrCreate(string path)
    {
        Fail(path);
        return new Handle(this, path, _local.OpenOrCreate(path));
    }

    public IStorageFile OpenRead(string path) => _local.OpenRead(path);

    public bool Exists(string path) => _local.Exists(path);

    public void Delete(string path) => _local.Delete(path);

    public void Move(string from, string to)
    {
        Fail(from);
        _local.Move(from, to);
    }

    public void CreateFolder(string path) => _local.CreateFolder(path);

    public IEnumerable<string> ListFiles(string folder) => _local.ListFiles(folder);

    public IEnumerable<string> ListFolders(string folder) => _local.ListFolders(folder);

    public void SyncFolder(string path)
    {
        if (Syncs)
            _local.SyncFolder(path);
    }

    public long AvailableBytes(string path) => Free ?? _local.AvailableBytes(path);

    private void Fail(string path)
    {
        if (Error is var error and not 0 && Concerns(path))
            throw new IOException($"Test error {error}.", error);
    }

    private sealed class Handle(FailingFiles files, string path, IStorageFile inner) : IStorageFile
    {
        public long Length => inner.Length;

        public int Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            files.Fail(path);
            if (!files.Damages(path))
            {
                inner.Write(offset, bytes);
                return;
            }

            var damaged = bytes.ToArray();
            damaged[damaged.Length * 6 / 10] ^= 1;
            inner.Write(offset, damaged);
        }

        public void SetLength(long length) => inner.SetLength(length);

        public void Sync()
        {
            files.Fail(path);
            if (files.Syncs)
                inner.Sync();
        }

        public void Dispose() => inner.Dispose();
    }
}
