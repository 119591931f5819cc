namespace Rag.Engine.Storage;

/// <summary>Writes raw bytes and keeps a checksum for each block of them. Not thread-safe.</summary>
internal sealed class MappedSectionWriter : SectionWriteStream
{
    private readonly BufferedFileWriter _file;
    private readonly Action<long, long, uint[]> _ended;
    private readonly long _offset;
    private readonly List<uint> _checksums = [];
    private uint _checksum;
    private int _filled;
    private long _length;
    private bool _disposed;

    /// <param name="file">Where the bytes go; its position is aligned.</param>
    /// <param name="ended">Told offset, length and checksums when the section ends.</param>
    public MappedSectionWriter(BufferedFileWriter file, Action<long, long, uint[]> ended)
    {
        _file = file;
        _ended = ended;
        _offset = file.Position;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _length += buffer.Length;
        while (buffer.Length > 0)
        {
            var part = Math.Min(buffer.Length, SnapshotFormat.BlockLength - _filled);
            _checksum = Crc32C.Append(_checksum, buffer[..part]);
            _file.Write(buffer[..part]);
            _filled += part;
            buffer = buffer[part..];
            if (_filled == SnapshotFormat.BlockLength)
                EndBlock();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing || _disposed)
            return;
        if (_filled > 0)
            EndBlock();
        _disposed = true;
        _ended(_offset, _length, [.. _checksums]);
    }

    private void EndBlock()
    {
        _checksums.Add(_checksum);
        _checksum = 0;
        _filled = 0;
    }
}
