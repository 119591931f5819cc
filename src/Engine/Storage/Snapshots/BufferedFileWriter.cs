using System.Buffers;

namespace Rag.Engine.Storage;

/// <summary>Writes a file front to back through one pooled buffer. Not thread-safe.</summary>
internal sealed class BufferedFileWriter : IDisposable
{
    private const int BufferLength = 256 << 10;

    private readonly IStorageFile _file;
    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
    private int _filled;
    private long _flushed;

    public BufferedFileWriter(IStorageFile file) => _file = file;

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
        _filled = 0;
    }
}
