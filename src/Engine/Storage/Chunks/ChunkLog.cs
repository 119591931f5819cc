using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Rag.Engine.Storage;

/// <summary>
/// Texts and metadata of all slices, in one log. Append gives an address at once; the record is readable from then on,
/// from memory until it has been handed to a file, and durable after the next <see cref="FlushAsync"/>, which comes
/// before any snapshot that names the address. What was not flushed when the process ended comes again with the replay
/// of the mutation log, at new addresses.
/// </summary>
/// <remarks>
/// A failing device does not fail an append: the mutation is durable in its own log already. Records wait in memory (up
/// to <see cref="ChunkLogOptions.MaxUnwrittenBytes"/>), new mutations are refused through <see cref="StorageHealth"/>,
/// and every second it is tried to write what waits and to go on behind it. Thread-safe.
/// </remarks>
internal sealed class ChunkLog : IAsyncDisposable
{
    private readonly Lock _writeLock = new();
    private readonly SemaphoreSlim _syncLock = new(1);
    private readonly ChunkLogOptions _options;
    private readonly IPayloadCodec _codec;
    private readonly StorageHealth _health;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SegmentFiles _segments;
    private readonly ChunkLogTail _durableTail;
    private readonly ChunkLogReader _reader;
    private readonly ConcurrentDictionary<long, byte[]> _unwritten = [];
    private readonly Queue<long> _unwrittenOrder = [];
    private readonly CancellationTokenSource _stop = new();
    private PagedLog? _log;
    private Task _recovery = Task.CompletedTask;
    private Exception? _fault;
    private long _unwrittenBytes;
    private long _begin;
    private long _end;
    private long _handedOver;
    private long _synced;
    private bool _syncFailed;
    private bool _disposed;

    private ChunkLog(
        IStorageFileSystem files, ChunkLogOptions options, IPayloadCodec codec, StorageHealth health,
        TimeProvider time, ILogger logger)
    {
        _options = options;
        _codec = codec;
        _health = health;
        _time = time;
        _logger = logger;
        _segments = new SegmentFiles(files, options.Folder, "chunks", options.SegmentBytes);
        _durableTail = new ChunkLogTail(files, options.Folder);
        _reader = new ChunkLogReader(_segments, codec);
        _begin = (_segments.FindRange()?.First ?? 0) * options.SegmentBytes;
        var end = Math.Max(_segments.FindEnd(), _durableTail.Address);
        // A fresh page: FASTER would write zeros over the sectors of one that is partly filled.
        _end = Math.Max(_begin, RoundUp(end, ChunkLogOptions.PageBytes));
        _handedOver = _synced = _end;
        _log = OpenLog();
    }

    /// <summary>First address that is still in the log.</summary>
    public long BeginAddress => Interlocked.Read(ref _begin);

    /// <summary>Address behind the last record.</summary>
    public long TailAddress => Interlocked.Read(ref _end);

    /// <summary>Bytes of the address space in use, the holes that restarts leave included.</summary>
    public long SizeBytes => TailAddress - BeginAddress;

    /// <summary>Bytes of pages and of records that wait for them to be handed over.</summary>
    public long MemoryBytes =>
        Math.Max(_options.MemoryBytes, 2L * ChunkLogOptions.PageBytes) + Interlocked.Read(ref _unwrittenBytes);

    /// <summary>Opens the log of a folder, or begins one.</summary>
    public static ChunkLog Open(
        IStorageFileSystem files, ChunkLogOptions options, IPayloadCodec codec, StorageHealth health,
        TimeProvider time, ILogger logger) => new(files, options, codec, health, time, logger);

    /// <summary>Appends a record; returns its address.</summary>
    /// <exception cref="ArgumentException">The payload is too long.</exception>
    /// <exception cref="IOException">The device has failed for so long that memory for waiting records is used up.
    /// </exception>
    public long Append(SliceId slice, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > ChunkLogOptions.MaxPayloadBytes)
        {
            throw new ArgumentException(
                $"A payload has at most {ChunkLogOptions.MaxPayloadBytes} bytes.", nameof(payload));
        }
        var record = Encode(slice, payload);
        lock (_writeLock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var address = Place(record);
            _unwritten[address] = record;
            _unwrittenOrder.Enqueue(address);
            if (Interlocked.Add(ref _unwrittenBytes, record.Length) >= _options.WriteBehindBytes)
                TryHandOver();
            return address;
        }
    }

    /// <summary>
    /// Reads a payload; returns its length. From memory or the operating system's cache it takes microseconds, from
    /// the disk about 0.1 ms on an SSD, on the calling thread.
    /// </summary>
    /// <param name="address">Where it lies.</param>
    /// <param name="expected">Whose it is.</param>
    /// <param name="to">Receives the payload.</param>
    /// <param name="plainLength">What its length should be; 0 if that is not known.</param>
    /// <param name="ahead">What <see cref="ReadAhead"/> has read; null: nothing.</param>
    /// <exception cref="CorruptDataException">There is no such record, it is damaged, or of another slice.</exception>
    public int Read(
        long address, SliceId expected, IBufferWriter<byte> to, int plainLength = 0, ChunkReadAhead? ahead = null)
    {
        if (_unwritten.TryGetValue(address, out var record))
            return _reader.Decode(record, expected, to);
        if (address < BeginAddress || address >= TailAddress)
            throw new CorruptDataException($"Address {address} lies outside the chunk log.");
        return _reader.Read(address, expected, plainLength, to, ahead);
    }

    /// <summary>Bytes that a record with this payload takes at most.</summary>
    public int BytesFor(int plainLength) => _reader.BytesFor(plainLength);

    /// <summary>Reads records that will be wanted, for <see cref="Read"/>; what cannot be read is left out.</summary>
    /// <param name="ahead">Where they are named, by address and <see cref="BytesFor"/>, and kept.</param>
    public void ReadAhead(ChunkReadAhead ahead) => _reader.ReadAhead(ahead, BeginAddress, Interlocked.Read(ref _handedOver));

    /// <summary>Like <see cref="Read"/>, but leaves the wait for the disk to another thread.</summary>
    public ValueTask<int> ReadAsync(
        long address, SliceId expected, IBufferWriter<byte> to, CancellationToken cancellationToken) =>
        _unwritten.TryGetValue(address, out var record)
            ? new ValueTask<int>(_reader.Decode(record, expected, to))
            : new ValueTask<int>(Task.Run(() => Read(address, expected, to), cancellationToken));

    /// <summary>Returns when all records that were appended before are on stable storage.</summary>
    /// <exception cref="StorageFullException">The disk is full.</exception>
    /// <exception cref="StorageFaultException">The device failed.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        var wanted = TailAddress;
        if (Interlocked.Read(ref _synced) >= wanted)
            return;
        await _syncLock.WaitAsync(cancellationToken);
        try
        {
            if (Interlocked.Read(ref _synced) < wanted)
                await Task.Run(Sync, cancellationToken);
        }
        finally
        {
            _syncLock.Release();
        }
    }

    /// <summary>
    /// Lists undamaged records in order of their addresses, as far as they have been handed to a file. Damaged ones are
    /// passed over: what a slice needs and does not find is for the slice to notice.
    /// </summary>
    public IEnumerable<ChunkLogEntry> Scan(long from, long to) => _reader.Scan(
        Math.Max(from, BeginAddress), Math.Min(to, Interlocked.Read(ref _handedOver)));

    /// <summary>Forgets what lies before an address that was flushed; deletes the segments that are not needed.
    /// </summary>
    public void TruncateBefore(long address)
    {
        lock (_writeLock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (address <= _begin)
                return;
            if (address > _synced)
                throw new ArgumentException("Only what has been flushed can be truncated.", nameof(address));
            Interlocked.Exchange(ref _begin, address);
            _log?.ForgetBefore(address);
            _segments.DeleteBelow(address);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_writeLock)
        {
            if (_disposed)
                return;
            TryHandOver();
            _disposed = true;
        }
        await _stop.CancelAsync();
        await _recovery;
        await _syncLock.WaitAsync();
        _log?.Dispose();
        _durableTail.Dispose();
        _segments.Dispose();
        _stop.Dispose();
        _syncLock.Dispose();
        _health.Clear(this);
    }

    private static long RoundUp(long address, long to) => (address + to - 1) / to * to;

    private PagedLog OpenLog() =>
        new(_segments, ChunkLogOptions.PageBytes, _options.MemoryBytes, _begin, _end);

    private byte[] Encode(SliceId slice, ReadOnlySpan<byte> payload)
    {
        var record = new byte[ChunkRecord.HeaderLength + _codec.MaxEncodedLength(payload.Length)];
        var length = _codec.Encode(slice.WorkspaceUid, payload, record.AsSpan(ChunkRecord.HeaderLength));
        Array.Resize(ref record, ChunkRecord.HeaderLength + length);
        ChunkRecord.Seal(record, slice);
        return record;
    }

    private long Place(byte[] record)
    {
        if (_log is { } log)
        {
            try
            {
                var address = log.Append(record);
                Interlocked.Exchange(ref _end, address + SizeOf(record));
                return address;
            }
            catch (IOException exception)
            {
                BeginFault(exception);
            }
        }
        return PlaceWithoutLog(record);
    }

    // FASTER gives no addresses while its device is broken; the next ones are known without it.
    private long PlaceWithoutLog(byte[] record)
    {
        if (_unwrittenBytes + record.Length > _options.MaxUnwrittenBytes)
            throw StorageHealth.Describe(_fault!);
        var address = _end;
        var size = SizeOf(record);
        if ((address % ChunkLogOptions.PageBytes) + size > ChunkLogOptions.PageBytes)
            address = RoundUp(address, ChunkLogOptions.PageBytes);
        Interlocked.Exchange(ref _end, address + size);
        return address;
    }

    private static int SizeOf(byte[] record) => PagedLog.LengthPrefix + ((record.Length + 3) & ~3);

    private bool TryHandOver()
    {
        if (_log is not { } log)
            return false;
        try
        {
            var until = log.HandOver();
            Interlocked.Exchange(ref _handedOver, until);
            ForgetWritten(until);
            return true;
        }
        catch (IOException exception)
        {
            BeginFault(exception);
            return false;
        }
    }

    private void ForgetWritten(long until)
    {
        while (_unwrittenOrder.TryPeek(out var address) && address < until)
        {
            _unwrittenOrder.Dequeue();
            if (_unwritten.TryRemove(address, out var record))
                Interlocked.Add(ref _unwrittenBytes, -record.Length);
        }
    }

    private void Sync()
    {
        long until;
        lock (_writeLock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!TryHandOver())
                throw StorageHealth.Describe(_fault!);
            until = _handedOver;
        }
        try
        {
            _segments.Sync();
            _durableTail.Advance(until);
        }
        catch (Exception exception)
        {
            lock (_writeLock)
            {
                _syncFailed = true;
                BeginFault(exception);
            }
            throw StorageHealth.Describe(exception);
        }
        Interlocked.Exchange(ref _synced, until);
    }

    private void BeginFault(Exception exception)
    {
        if (_log is not { } log)
            return;
        ChunkLogMessages.Faulted(_logger, exception);
        _fault = exception;
        _log = null;
        log.Dispose();
        Interlocked.Exchange(ref _end, RoundUp(_end, ChunkLogOptions.PageBytes));
        _health.Report(this, exception);
        _recovery = Task.Run(RecoverAsync);
    }

    private async Task RecoverAsync()
    {
        using var timer = new PeriodicTimer(_options.RecoveryInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                if (TryRecover())
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private bool TryRecover()
    {
        lock (_writeLock)
        {
            if (_disposed)
                return true;
            try
            {
                if (_syncFailed)
                    RewriteUnsynced();
                foreach (var address in _unwrittenOrder)
                    WriteDirectly(address, _unwritten[address]);
                _segments.Sync();
                Interlocked.Exchange(ref _end, RoundUp(_end, ChunkLogOptions.PageBytes));
                _log = OpenLog();
            }
            catch (Exception exception)
            {
                ChunkLogMessages.StillFaulted(_logger, exception.Message);
                _fault = exception;
                _health.Report(this, exception);
                return false;
            }
            Interlocked.Exchange(ref _handedOver, _end);
            ForgetWritten(_end);
            _syncFailed = false;
            _health.Clear(this);
            ChunkLogMessages.Recovered(_logger, _end);
            return true;
        }
    }

    private void WriteDirectly(long address, byte[] record)
    {
        Span<byte> prefix = stackalloc byte[PagedLog.LengthPrefix];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(prefix, record.Length);
        _segments.Write(address, prefix);
        _segments.Write(address + prefix.Length, record);
    }

    // After a failed sync the operating system takes its cached pages for written. They still hold our bytes: written
    // once more they are dirty again, and the next sync means what it says.
    private void RewriteUnsynced()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkLogOptions.PageBytes);
        try
        {
            for (var at = _synced; at < _handedOver;)
            {
                var pageEnd = ((at / ChunkLogOptions.PageBytes) + 1) * ChunkLogOptions.PageBytes;
                var part = buffer.AsSpan(0, (int)(Math.Min(pageEnd, _handedOver) - at));
                _segments.Read(at, part);
                _segments.Write(at, part);
                at += part.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
