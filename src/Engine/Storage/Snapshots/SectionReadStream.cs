namespace Rag.Engine.Storage;

/// <summary>
/// Reads a section front to back, a verified block at a time. Reads all that is asked for unless the section ends.
/// </summary>
internal abstract class SectionReadStream(long plainLength) : Stream
{
    private ReadOnlyMemory<byte> _block;
    private long _position;

    public sealed override bool CanRead => true;

    public sealed override bool CanSeek => false;

    public sealed override bool CanWrite => false;

    /// <summary>Plain bytes of the section.</summary>
    public sealed override long Length => plainLength;

    public sealed override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public sealed override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public sealed override int Read(Span<byte> buffer)
    {
        var done = 0;
        while (done < buffer.Length && _position < plainLength)
        {
            if (_block.IsEmpty)
                _block = ReadBlock((int)Math.Min(SnapshotFormat.BlockLength, plainLength - _position));
            var part = Math.Min(_block.Length, buffer.Length - done);
            _block.Span[..part].CopyTo(buffer[done..]);
            _block = _block[part..];
            _position += part;
            done += part;
        }
        return done;
    }

    public sealed override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(one) == 0 ? -1 : one[0];
    }

    public sealed override void Flush()
    {
    }

    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public sealed override void SetLength(long value) => throw new NotSupportedException();

    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>The next block, verified, exactly <paramref name="plainLength"/> bytes; valid until the next call.
    /// </summary>
    protected abstract ReadOnlyMemory<byte> ReadBlock(int plainLength);
}
