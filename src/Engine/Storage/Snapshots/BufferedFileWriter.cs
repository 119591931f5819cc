using System.Buffers;

namespace Rag.Engine.Storage;

/// <summary>
/// Writes a file front to back through one pooled buffer. A large one is synced in steps and at a pace, so that neither
/// the disk's queue nor the machine is taken from the log and from searches. Not thread-safe.
/// </summary>
internal sealed class BufferedFileWriter : IDisposable
{
    private const int BufferLength = 256 << 10;

    // A sync of the log waits behind what is on its way to the disk: at 500 MB/s this takes 8 ms.
    private const long SyncStep = 4L << 20;

    private readonly WorkPace _pace;
    private readonly IStorageFile _file;
    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
    private int _filled;
    private long _flushed;
    private long _synced;

    /// <param name="file">Where to.</param>
    /// <param name="pace">How fast; null: the usual one.</param>
    public BufferedFileWriter(IStorageFile file, WorkPace? pace = null) => (_file, _pace) = (file, pace ?? new WorkPace());

    /// <summary>Bytes written so far.</summary>
    public long Position => _flushed + _filled;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_buffer is null, this);
        while (bytes.Length > 0)
        {
            var part = Math.Min(bytes.Length, _buffer.Length - _filled);
            bytes[..part].CopyTo(_buffer.AsSpan(_filled));
            _filled += part;
            bytes = bytes[part..];
            if (_filled == _buffer.Length)
                Flush();
        }
    }

    /// <summary>Writes zeros up to the next multiple of <paramref name="alignment"/>, at most 4,096.</summary>
    public void PadTo(int alignment)
    {
        Span<byte> zeros = stackalloc byte[4096];
        zeros.Clear();
        var excess = (int)(Position % alignment);
        if (excess != 0)
            Write(zeros[..(alignment - excess)]);
    }

    public void Sync()
    {
        Flush();
        _file.Sync();
        _synced = _flushed;
    }

    public void Dispose()
    {
        if (_buffer is not { } buffer)
            return;
        _buffer = null;
        ArrayPool<byte>.Shared.Return(buffer);
        _file.Dispose();
    }

    private void Flush()
    {
        ObjectDisposedException.ThrowIf(_buffer is null, this);
        _file.Write(_flushed, _buffer.AsSpan(0, _filled));
        _flushed += _filled;
        _pace.Note(_filled);
        _filled = 0;
        if (_flushed - _synced < SyncStep)
            return;
        _file.Sync();
        _synced = _flushed;
    }
}
