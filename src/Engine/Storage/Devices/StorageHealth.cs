using System.Collections.Concurrent;

namespace Rag.Engine.Storage;

/// <summary>
/// Whether new writes may be accepted: enough free space, and no log that is waiting for its device to recover. What
/// was accepted is finished from the reserve. Thread-safe.
/// </summary>
internal sealed class StorageHealth
{
    // Between two looks at the disk it is assumed to shrink by what we wrote ourselves.
    private const long LookAgainAfterBytes = 16L << 20;

    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(250);

    private readonly IStorageFileSystem _files;
    private readonly string _folder;
    private readonly long _reserveBytes;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<object, Exception> _faults = [];
    private readonly Lock _lock = new();
    private long _lookedAt;
    private long _available = long.MinValue;
    private long _writtenSince;

    /// <param name="files">Where the data is.</param>
    /// <param name="folder">A folder on its disk, which exists.</param>
    /// <param name="reserveBytes">Free space that new writes must leave.</param>
    /// <param name="time">For the time between two looks at the disk.</param>
    public StorageHealth(IStorageFileSystem files, string folder, long reserveBytes, TimeProvider time)
    {
        _files = files;
        _folder = folder;
        _reserveBytes = reserveBytes;
        _time = time;
    }

    /// <summary>Whether a small write would be accepted now.</summary>
    public bool IsWritable
    {
        get
        {
            try
            {
                return _faults.IsEmpty && HasRoomFor(0);
            }
            catch (StorageFaultException)
            {
                return false;
            }
        }
    }

    /// <summary>Refuses a write that must not be accepted now.</summary>
    /// <exception cref="StorageFullException">It would eat into the reserve.</exception>
    /// <exception cref="StorageFaultException">A log is waiting for its device.</exception>
    public void ThrowIfNotWritable(long bytes)
    {
        foreach (var (_, fault) in _faults)
            throw Describe(fault);
        if (!HasRoomFor(bytes))
        {
            throw new StorageFullException(
                $"The disk has less than {_reserveBytes >> 20} MiB of free space left. Make room; writes go on by "
                + "themselves then.");
        }
    }

    /// <summary>Told by a log that it can take no writes until further notice.</summary>
    public void Report(object log, Exception fault) => _faults[log] = fault;

    /// <summary>Told by a log that it takes writes again.</summary>
    public void Clear(object log) => _faults.TryRemove(log, out _);

    /// <summary>Whether an exception of the file system says that the disk is full.</summary>
    public static bool IsFull(Exception exception)
    {
        const int NoSpaceLeft = 28; // ENOSPC
        const int QuotaExceeded = 122; // EDQUOT
        const int WindowsDiskFull = unchecked((int)0x80070070);
        return exception is StorageFullException
            || (exception is IOException && exception.HResult is NoSpaceLeft or QuotaExceeded or WindowsDiskFull);
    }

    /// <summary>The exception for callers whose write met this failure.</summary>
    public static IOException Describe(Exception fault) => IsFull(fault)
        ? new StorageFullException("The disk is full. Make room; writes go on by themselves then.", fault)
        : new StorageFaultException("The storage device failed; the log is being reopened. Try again.", fault);

    private bool HasRoomFor(long bytes)
    {
        lock (_lock)
        {
            _writtenSince += bytes;
            if (_available == long.MinValue || _writtenSince > LookAgainAfterBytes
                || _time.GetElapsedTime(_lookedAt) > LookAgainAfter)
            {
                _available = Look();
                _lookedAt = _time.GetTimestamp();
                _writtenSince = bytes;
            }
            return _available - _writtenSince >= _reserveBytes;
        }
    }

    private long Look()
    {
        try
        {
            return _files.AvailableBytes(_folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StorageFaultException("The free space of the disk cannot be determined.", exception);
        }
    }
}
