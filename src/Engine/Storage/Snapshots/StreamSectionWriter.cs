using System.Buffers;
using System.Buffers.Binary;

namespace Rag.Engine.Storage;

/// <summary>Cuts what is written into blocks and passes each through the codec. Not thread-safe.</summary>
internal sealed class StreamSectionWriter : SectionWriteStream
{
    private readonly BufferedFileWriter _file;
    private readonly IPayloadCodec _codec;
    private readonly Guid _workspaceUid;
    private readonly Action<long, long, long> _ended;
    private readonly long _offset;
    private readonly byte[] _encoded;
    private byte[]? _block = ArrayPool<byte>.Shared.Rent(SnapshotFormat.BlockLength);
    private int _filled;
    private long _plainLength;

    /// <param name="file">Where the blocks go.</param>
    /// <param name="codec">What encodes them.</param>
    /// <param name="workspaceUid">Whose they are.</param>
    /// <param name="ended">Told offset, stored and plain length when the section ends.</param>
    public StreamSectionWriter(
        BufferedFileWriter file, IPayloadCodec codec, Guid workspaceUid, Action<long, long, long> ended)
    {
        _file = file;
        _codec = codec;
        _workspaceUid = workspaceUid;
        _ended = ended;
        _offset = file.Position;
        _encoded = ArrayPool<byte>.Shared.Rent(sizeof(int) + codec.MaxEncodedLength(SnapshotFormat.BlockLength));
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_block is null, this);
        _plainLength += buffer.Length;
        while (buffer.Length > 0)
        {
            var part = Math.Min(buffer.Length, SnapshotFormat.BlockLength - _filled);
            buffer[..part].CopyTo(_block.AsSpan(_filled));
            _filled += part;
            buffer = buffer[part..];
            if (_filled == SnapshotFormat.BlockLength)
                WriteBlock(_block);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing || _block is not { } block)
            return;
        if (_filled > 0)
            WriteBlock(block);
        _block = null;
        ArrayPool<byte>.Shared.Return(block);
        ArrayPool<byte>.Shared.Return(_encoded);
        _ended(_offset, _file.Position - _offset, _plainLength);
    }

    private void WriteBlock(byte[] block)
    {
        var length = _codec.Encode(_workspaceUid, block.AsSpan(0, _filled), _encoded.AsSpan(sizeof(int)));
        BinaryPrimitives.WriteInt32LittleEndian(_encoded, length);
        _file.Write(_encoded.AsSpan(0, sizeof(int) + length));
        _filled = 0;
    }
}
