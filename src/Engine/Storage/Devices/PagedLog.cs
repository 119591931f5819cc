using System.Diagnostics;
using FASTER.core;

namespace Rag.Engine.Storage;

/// <summary>
/// A FasterLog over <see cref="SegmentFiles"/>, used by one thread at a time: it gives out addresses, gathers records
/// in pages and hands the pages to the files. It cannot be used after a fault; its owner opens another one behind the
/// last address.
/// </summary>
internal sealed class PagedLog : IDisposable
{
    /// <summary>FASTER puts the record's length in front of it.</summary>
    public const int LengthPrefix = sizeof(int);

    /// <summary>A log that is opened again begins at a multiple of this: FASTER writes whole sectors, and would write
    /// zeros over what stands before its first address in the same one.</summary>
    public const int SectorBytes = 512;

    private static readonly TimeSpan HandOverLimit = TimeSpan.FromSeconds(30);

    private readonly SegmentDevice _device;
    private readonly VolatileCommits _commits = new();
    private readonly FasterLogSettings _settings;
    private readonly FasterLog _log;

    /// <param name="segments">Where the pages go; stays open when this is disposed.</param>
    /// <param name="pageBytes">Bytes of a page, a power of two.</param>
    /// <param name="memoryBytes">Bytes of all pages in memory, a power of two, at least two pages.</param>
    /// <param name="begin">First address that is still needed.</param>
    /// <param name="tail">Where the next record goes, a multiple of <see cref="SectorBytes"/>; 0 for a new log.</param>
    public PagedLog(SegmentFiles segments, int pageBytes, long memoryBytes, long begin, long tail)
    {
        _device = new SegmentDevice(segments, "log");
        _settings = new FasterLogSettings
        {
            LogDevice = _device,
            LogCommitManager = _commits,
            PageSize = pageBytes,
            MemorySize = Math.Max(memoryBytes, 2L * pageBytes),
            SegmentSize = segments.SegmentBytes,
            TryRecoverLatest = false,
        };
        _log = new FasterLog(_settings);
        if (tail > 0)
            _log.Initialize(begin, tail);
        MemoryBytes = _settings.MemorySize;
    }

    /// <summary>Bytes of all pages.</summary>
    public long MemoryBytes { get; }

    /// <summary>Address behind the last record.</summary>
    public long Tail => _log.TailAddress;

    /// <summary>The first write that failed; nothing can be appended from then on.</summary>
    public Exception? Fault => _device.Fault;

    /// <summary>Appends a record in memory; returns its address. Pages that are full go to the files.</summary>
    /// <exception cref="IOException">A write failed.</exception>
    public long Append(ReadOnlySpan<byte> record)
    {
        var spinner = default(SpinWait);
        while (true)
        {
            ThrowIfFaulted();
            try
            {
                if (_log.TryEnqueue(record, out var address))
                    return address;
            }
            catch (CommitFailureException) when (Fault is not null)
            {
                continue;
            }
            spinner.SpinOnce();
        }
    }

    /// <summary>Hands all records to the files and returns the address behind them; not synced yet.</summary>
    /// <exception cref="IOException">A write failed.</exception>
    public long HandOver()
    {
        var tail = _log.TailAddress;
        ThrowIfFaulted();
        if (_log.FlushedUntilAddress >= tail)
            return tail;
        try
        {
            _log.CommitStrongly(out _, out _);
        }
        catch (CommitFailureException)
        {
            ThrowIfFaulted();
            throw;
        }
        // The device writes on this thread, so the pages are in the files by now, unless FASTER left the last step to
        // another thread of its epoch. Its own commit callback would cost a wait for the thread pool.
        var started = Stopwatch.GetTimestamp();
        var spinner = default(SpinWait);
        while (_log.FlushedUntilAddress < tail)
        {
            ThrowIfFaulted();
            if (Stopwatch.GetElapsedTime(started) > HandOverLimit)
                throw new IOException($"Pages were not handed over within {HandOverLimit.TotalSeconds} s.");
            spinner.SpinOnce();
        }
        return tail;
    }

    /// <summary>Forgets what lies before an address. The owner deletes the segments.</summary>
    public void ForgetBefore(long address) => _log.TruncateUntil(address);

    public void Dispose()
    {
        _log.Dispose();
        _settings.Dispose();
        _device.Dispose();
        _commits.Dispose();
    }

    private void ThrowIfFaulted()
    {
        if (Fault is { } fault)
            throw new IOException("The log's device failed.", fault) { HResult = fault.HResult };
    }
}
