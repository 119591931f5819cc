using Rag.Engine.Storage;

namespace Rag.Engine.Tests.Storage;

/// <summary>
/// A disk in memory that knows what is durable: <see cref="LosePower"/> gives the disk that a machine would find after
/// a loss of power, with unsynced sectors there or not, as a seed decides. Writes, syncs and free space fail on demand.
/// Thread-safe.
/// </summary>
internal sealed class FaultyFileSystem : IStorageFileSystem
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FaultyFile> _files = [];
    private readonly HashSet<string> _durableNames = [];
    private readonly Dictionary<string, FaultyFile> _durableGone = [];

    /// <summary>Makes every write of matching paths fail with this error number, if set: 5 is EIO, 28 ENOSPC.</summary>
    public int WriteError { get; set; }

    /// <summary>Makes every sync fail with this error number, if set.</summary>
    public int SyncError { get; set; }

    /// <summary>Number of writes that still succeed before <see cref="WriteError"/> takes effect.</summary>
    public int WritesBeforeError { get; set; }

    /// <summary>Which paths the errors concern; all by default.</summary>
    public Func<string, bool> Concerns { get; set; } = _ => true;

    /// <summary>Which bytes cannot be read: a read that touches one fails.</summary>
    public Func<string, long, bool>? IsUnreadable { get; set; }

    /// <summary>What <see cref="AvailableBytes"/> answers.</summary>
    public long Free { get; set; } = 1L << 40;

    /// <summary>Syncs of files so far.</summary>
    public int Syncs { get; private set; }

    public IStorageFile OpenOrCreate(string path)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue(path, out var file))
                _files.Add(path, file = new FaultyFile(this, path));
            return new Handle(file);
        }
    }

    public IStorageFile OpenRead(string path)
    {
        lock (_lock)
            return _files.TryGetValue(path, out var file) ? new Handle(file) : throw new FileNotFoundException(path);
    }

    public bool Exists(string path)
    {
        lock (_lock)
            return _files.ContainsKey(path);
    }

    public void Delete(string path)
    {
        lock (_lock)
        {
            if (_files.Remove(path, out var file) && _durableNames.Contains(path))
                _durableGone[path] = file;
        }
    }

    public void Move(string from, string to)
    {
        lock (_lock)
        {
            FailIf(WriteError, from);
            if (_files.TryGetValue(to, out var replaced) && _durableNames.Contains(to))
                _durableGone[to] = replaced;
            _files.Remove(from, out var file);
            _files[to] = file!;
            _durableNames.Remove(to);
        }
    }

    public void CreateFolder(string path)
    {
    }

    public IEnumerable<string> ListFiles(string folder)
    {
        lock (_lock)
            return [.. _files.Keys.Where(path => Path.GetDirectoryName(path) == folder)];
    }

    public IEnumerable<string> ListFolders(string folder)
    {
        lock (_lock)
        {
            return [.. _files.Keys.Select(Path.GetDirectoryName).OfType<string>()
                .SelectMany(Ancestors).Where(path => Path.GetDirectoryName(path) == folder).Distinct()];
        }
    }

    public void SyncFolder(string path)
    {
        lock (_lock)
        {
            FailIf(SyncError, path);
            foreach (var name in _files.Keys.Where(name => Path.GetDirectoryName(name) == path))
                _durableNames.Add(name);
            foreach (var name in _durableGone.Keys.Where(name => Path.GetDirectoryName(name) == path).ToList())
            {
                _durableGone.Remove(name);
                if (!_files.ContainsKey(name))
                    _durableNames.Remove(name);
            }
        }
    }

    public long AvailableBytes(string path) => Free;

    /// <summary>The disk after a loss of power: unsynced sectors and names survive by chance.</summary>
    public FaultyFileSystem LosePower(Random random) => Copy(file => file.AfterPowerLoss(random), random);

    /// <summary>The disk after the process was killed: all that was written is there.</summary>
    public FaultyFileSystem KillProcess() => Copy(file => file.Current(), null);

    /// <summary>Full paths of all files.</summary>
    public List<string> Paths()
    {
        lock (_lock)
            return [.. _files.Keys.Order()];
    }

    /// <summary>Bytes of a file, as a process sees them.</summary>
    public byte[] Bytes(string path)
    {
        lock (_lock)
            return _files[path].Current();
    }

    /// <summary>Replaces a file's bytes behind everybody's back.</summary>
    public void Damage(string path, Func<byte[], byte[]> change)
    {
        lock (_lock)
            _files[path].Replace(change(_files[path].Current()));
    }

    private static IEnumerable<string> Ancestors(string path)
    {
        for (var at = path; at is not null; at = Path.GetDirectoryName(at))
            yield return at;
    }

    private FaultyFileSystem Copy(Func<FaultyFile, byte[]> content, Random? random)
    {
        lock (_lock)
        {
            var copy = new FaultyFileSystem { Free = Free };
            foreach (var (path, file) in _files)
            {
                if (random is null || _durableNames.Contains(path) || random.Next(2) == 0)
                    copy.Put(path, content(file));
            }
            foreach (var (path, file) in _durableGone)
            {
                if (random is not null && !copy._files.ContainsKey(path) && random.Next(2) == 0)
                    copy.Put(path, content(file));
            }
            return copy;
        }
    }

    private void Put(string path, byte[] content)
    {
        var file = new FaultyFile(this, path);
        file.Replace(content);
        _files.Add(path, file);
        _durableNames.Add(path);
    }

    private void FailIf(int error, string path)
    {
        if (error != 0 && Concerns(path))
            throw new IOException($"error {error} on {path}", error);
    }

    private sealed class FaultyFile(FaultyFileSystem disk, string path)
    {
        private const int Sector = 512;

        private readonly List<(long Offset, byte[] Bytes)> _unsynced = [];
        private byte[] _bytes = [];
        private byte[] _durable = [];
        private long _length;
        private bool _lengthChanged;

        public long Length
        {
            get
            {
                lock (disk._lock)
                    return _length;
            }
        }

        public int Read(long offset, Span<byte> buffer)
        {
            lock (disk._lock)
            {
                var count = (int)Math.Clamp(_length - offset, 0, buffer.Length);
                for (var at = offset; disk.IsUnreadable is { } isUnreadable && at < offset + count; at++)
                {
                    if (isUnreadable(path, at))
                        throw new IOException($"error 5 on {path}", 5);
                }
                if (count > 0)
                    _bytes.AsSpan((int)offset, count).CopyTo(buffer);
                return count;
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            lock (disk._lock)
            {
                if (disk.WriteError != 0 && disk.Concerns(path))
                {
                    if (disk.WritesBeforeError > 0)
                        disk.WritesBeforeError--;
                    else
                        disk.FailIf(disk.WriteError, path);
                }
                Grow(offset + bytes.Length);
                bytes.CopyTo(_bytes.AsSpan((int)offset));
                _unsynced.Add((offset, bytes.ToArray()));
            }
        }

        public void SetLength(long length)
        {
            lock (disk._lock)
            {
                disk.FailIf(disk.WriteError, path);
                if (length < _length)
                    Array.Clear(_bytes, (int)length, (int)(_length - length));
                Grow(length);
                _length = length;
                _lengthChanged = true;
            }
        }

        public void Sync()
        {
            lock (disk._lock)
            {
                disk.FailIf(disk.SyncError, path);
                disk.Syncs++;
                if (_lengthChanged)
                {
                    _durable = Current();
                }
                else
                {
                    if (_durable.Length < _length)
                        Array.Resize(ref _durable, (int)_length);
                    foreach (var (offset, bytes) in _unsynced)
                        bytes.CopyTo(_durable, offset);
                }
                _lengthChanged = false;
                _unsynced.Clear();
            }
        }

        public byte[] Current() => _bytes.AsSpan(0, (int)_length).ToArray();

        public void Replace(byte[] content)
        {
            _bytes = content;
            _durable = content.ToArray();
            _length = content.Length;
            _unsynced.Clear();
        }

        public byte[] AfterPowerLoss(Random random)
        {
            var content = _durable.ToArray();
            if (_lengthChanged && random.Next(2) == 0)
                return Current();
            foreach (var (offset, bytes) in _unsynced)
            {
                for (var at = 0; at < bytes.Length; at += Sector)
                {
                    if (random.Next(2) == 0)
                        continue;
                    var part = Math.Min(Sector, bytes.Length - at);
                    if (content.Length < offset + at + part)
                        Array.Resize(ref content, (int)(offset + at + part));
                    bytes.AsSpan(at, part).CopyTo(content.AsSpan((int)offset + at));
                }
            }
            return content;
        }

        private void Grow(long length)
        {
            if (_bytes.Length < length)
                Array.Resize(ref _bytes, (int)Math.Max(length, Math.Min(2L * _bytes.Length, _bytes.Length + (8 << 20))));
            _length = Math.Max(_length, length);
        }
    }

    private sealed class Handle(FaultyFile file) : IStorageFile
    {
        private bool _disposed;

        public long Length => Use().Length;

        public int Read(long offset, Span<byte> buffer) => Use().Read(offset, buffer);

        public void Write(long offset, ReadOnlySpan<byte> bytes) => Use().Write(offset, bytes);

        public void SetLength(long length) => Use().SetLength(length);

        public void Sync() => Use().Sync();

        public void Dispose() => _disposed = true;

        private FaultyFile Use()
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return file;
        }
    }
}
