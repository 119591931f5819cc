using System.Globalization;

namespace Rag.Engine.Storage;

/// <summary>
/// A log's address space, cut into files of equal length: address a lies in segment a / length. Keeps a bounded number
/// of files open, and knows which have to be synced. Thread-safe; truncation and deletion only while nobody writes.
/// </summary>
internal sealed class SegmentFiles : IDisposable
{
    private const int MaxOpenFiles = 32;
    private const int CopyBytes = 256 << 10;

    private readonly Lock _lock = new();
    private readonly IStorageFileSystem _files;
    private readonly string _folder;
    private readonly string _prefix;
    private readonly Dictionary<int, Segment> _open = [];
    private bool _namesChanged;
    private long _clock;
    private bool _disposed;

    /// <param name="files">Where the files are.</param>
    /// <param name="folder">Their folder; made if it is missing.</param>
    /// <param name="prefix">Beginning of their names, before a dot and the segment's number.</param>
    /// <param name="segmentBytes">Bytes of a segment.</param>
    public SegmentFiles(IStorageFileSystem files, string folder, string prefix, long segmentBytes)
    {
        _files = files;
        _folder = folder;
        _prefix = prefix + ".";
        SegmentBytes = segmentBytes;
        files.CreateFolder(folder);
    }

    public long SegmentBytes { get; }

    /// <summary>First and last existing segment; null if there is none.</summary>
    public (int First, int Last)? FindRange()
    {
        (int First, int Last)? range = null;
        foreach (var number in List())
        {
            var known = range ?? (number, number);
            range = (Math.Min(known.First, number), Math.Max(known.Last, number));
        }
        return range;
    }

    /// <summary>Address behind the last byte of the last segment; 0 if there is none.</summary>
    public long FindEnd() =>
        FindRange() is { } range ? (range.Last * SegmentBytes) + Use(range.Last, segment => segment.File.Length) : 0;

    /// <summary>Reads; what no file holds reads as zeros. The range may span segments.</summary>
    public void Read(long address, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var offset = address % SegmentBytes;
            var part = (int)Math.Min(buffer.Length, SegmentBytes - offset);
            var read = ReadSegment((int)(address / SegmentBytes), offset, buffer[..part]);
            buffer[read..part].Clear();
            buffer = buffer[part..];
            address += part;
        }
    }

    /// <summary>Writes within one segment.</summary>
    public void Write(long address, ReadOnlySpan<byte> bytes)
    {
        var segment = Open((int)(address / SegmentBytes), create: true)!;
        try
        {
            segment.File.Write(address % SegmentBytes, bytes);
        }
        finally
        {
            // Marked only now: a sync that ran in between must not leave it marked clean.
            segment.Dirty = true;
            segment.EndWrite();
        }
    }

    /// <summary>Returns when all that was written before is on stable storage.</summary>
    public void Sync()
    {
        Segment[] dirty;
        bool namesChanged;
        lock (_lock)
        {
            dirty = [.. _open.Values.Where(segment => segment.Dirty)];
            namesChanged = _namesChanged;
            _namesChanged = false;
        }
        try
        {
            foreach (var segment in dirty)
            {
                segment.Dirty = false;
                segment.File.Sync();
            }
            if (namesChanged)
                _files.SyncFolder(_folder);
        }
        catch
        {
            lock (_lock)
                _namesChanged |= namesChanged;
            foreach (var segment in dirty)
                segment.Dirty = true;
            throw;
        }
    }

    /// <summary>Deletes the segments that lie wholly below an address.</summary>
    public void DeleteBelow(long address)
    {
        var keepFrom = address / SegmentBytes;
        foreach (var number in List().Where(number => number < keepFrom).ToList())
            Delete(number);
    }

    /// <summary>Whether any byte at or above an address is not zero.</summary>
    public bool HasData(long address)
    {
        var buffer = new byte[CopyBytes];
        for (var end = FindEnd(); address < end; address += buffer.Length)
        {
            Read(address, buffer);
            if (buffer.AsSpan().ContainsAnyExcept((byte)0))
                return true;
        }
        return false;
    }

    /// <summary>Copies the segments that hold what lies at and above an address, under another prefix.</summary>
    public void CopyFrom(long address, string prefix)
    {
        var buffer = new byte[CopyBytes];
        foreach (var number in List().Where(number => number >= address / SegmentBytes).ToList())
        {
            var name = $"{prefix}.{DateTime.UtcNow:yyyyMMddHHmmss}.{Path.GetFileName(PathOf(number))}";
            using var copy = _files.OpenOrCreate(Path.Combine(_folder, name));
            var length = Use(number, segment => segment.File.Length);
            for (long at = 0; at < length; at += buffer.Length)
            {
                var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at));
                Read((number * SegmentBytes) + at, part);
                copy.Write(at, part);
            }
            copy.Sync();
        }
        _files.SyncFolder(_folder);
    }

    /// <summary>Cuts all that lies at and above an address, durably.</summary>
    public void CutFrom(long address)
    {
        var number = (int)(address / SegmentBytes);
        var offset = address % SegmentBytes;
        foreach (var later in List().Where(one => one > number || (one == number && offset == 0)).ToList())
            Delete(later);
        if (offset > 0 && Open(number, create: false) is { } segment && segment.File.Length > offset)
        {
            segment.File.SetLength(offset);
            segment.File.Sync();
        }
        _files.SyncFolder(_folder);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var segment in _open.Values)
                segment.File.Dispose();
            _open.Clear();
        }
    }

    private int ReadSegment(int number, long offset, Span<byte> buffer)
    {
        for (var attempt = 0; ; attempt++)
        {
            var segment = Open(number, create: false);
            if (segment is null)
                return 0;
            try
            {
                return segment.File.Read(offset, buffer);
            }
            catch (ObjectDisposedException) when (attempt < 8 && !_disposed)
            {
                // Closed to make room for others between the look-up and the read.
            }
        }
    }

    private T Use<T>(int number, Func<Segment, T> use) => use(Open(number, create: false)!);

    private Segment? Open(int number, bool create)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_open.TryGetValue(number, out var segment))
            {
                return Touch(segment, create);
            }
            var path = PathOf(number);
            var exists = _files.Exists(path);
            if (!exists && !create)
                return null;
            CloseOne();
            segment = new Segment(_files.OpenOrCreate(path));
            _namesChanged |= !exists;
            _open.Add(number, segment);
            return Touch(segment, create);
        }
    }

    private Segment Touch(Segment segment, bool toWrite)
    {
        segment.LastUse = ++_clock;
        if (toWrite)
            segment.BeginWrite();
        return segment;
    }

    private void CloseOne()
    {
        if (_open.Count < MaxOpenFiles)
            return;
        var candidates = _open.Where(pair => !pair.Value.Dirty && !pair.Value.IsWritten).ToList();
        if (candidates.Count == 0)
            return;
        var (number, segment) = candidates.MinBy(pair => pair.Value.LastUse);
        _open.Remove(number);
        segment.File.Dispose();
    }

    private void Delete(int number)
    {
        lock (_lock)
        {
            if (_open.Remove(number, out var segment))
                segment.File.Dispose();
            _files.Delete(PathOf(number));
            _namesChanged = true;
        }
    }

    private IEnumerable<int> List()
    {
        foreach (var path in _files.ListFiles(_folder))
        {
            var name = Path.GetFileName(path);
            if (name.StartsWith(_prefix, StringComparison.Ordinal) && int.TryParse(
                name.AsSpan(_prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                yield return number;
        }
    }

    private string PathOf(int number) =>
        Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{_prefix}{number:D8}"));

    private sealed class Segment(IStorageFile file)
    {
        private int _dirty;
        private int _writers;

        public IStorageFile File { get; } = file;

        public long LastUse { get; set; }

        public bool IsWritten => Volatile.Read(ref _writers) > 0;

        public bool Dirty
        {
            get => Volatile.Read(ref _dirty) != 0;
            set => Volatile.Write(ref _dirty, value ? 1 : 0);
        }

        public void BeginWrite() => Interlocked.Increment(ref _writers);

        public void EndWrite() => Interlocked.Decrement(ref _writers);
    }
}
