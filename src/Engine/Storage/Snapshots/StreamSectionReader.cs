using System.Buffers;
using System.Buffers.Binary;

namespace Rag.Engine.Storage;

/// <summary>Reads blocks that passed the codec. Not thread-safe.</summary>
internal sealed class StreamSectionReader : SectionReadStream
{
    private const int ReadAheadLength = 256 << 10;

    private readonly IStorageFile _file;
    private readonly IPayloadCodec _codec;
    private readonly Guid _workspaceUid;
    private readonly SnapshotSection _section;
    private readonly byte[] _plain;
    private byte[]? _ahead;
    private int _aheadStart;
    private int _aheadEnd;
    private long _read;

    public StreamSectionReader(IStorageFile file, IPayloadCodec codec, Guid workspaceUid, SnapshotSection section)
        : base(section.PlainLength)
    {
        _file = file;
        _codec = codec;
        _workspaceUid = workspaceUid;
        _section = section;
        _plain = ArrayPool<byte>.Shared.Rent(SnapshotFormat.BlockLength);
        _ahead = ArrayPool<byte>.Shared.Rent(ReadAheadLength);
    }

    protected override ReadOnlyMemory<byte> ReadBlock(int plainLength)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));
        if (length < 0 || length > _codec.MaxEncodedLength(SnapshotFormat.BlockLength))
            throw new CorruptDataException($"Section {_section.Name} of the snapshot has a block of {length} bytes.");
        var encoded = Take(length);
        if (_codec.PlainLength(encoded) != plainLength)
            throw new CorruptDataException($"Section {_section.Name} of the snapshot has a block of wrong length.");
        _codec.Decode(_workspaceUid, encoded, _plain);
        return _plain.AsMemory(0, plainLength);
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing || _ahead is not { } ahead)
            return;
        _ahead = null;
        ArrayPool<byte>.Shared.Return(ahead);
        ArrayPool<byte>.Shared.Return(_plain);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        ObjectDisposedException.ThrowIf(_ahead is null, this);
        if (_aheadEnd - _aheadStart < count)
            Fill(_ahead, count);
        var taken = _ahead.AsSpan(_aheadStart, count);
        _aheadStart += count;
        return taken;
    }

    private void Fill(byte[] ahead, int count)
    {
        var left = _aheadEnd - _aheadStart;
        Buffer.BlockCopy(ahead, _aheadStart, ahead, 0, left);
        var wanted = (int)Math.Min(ahead.Length - left, _section.StoredLength - _read);
        var got = _file.Read(_section.Offset + _read, ahead.AsSpan(left, wanted));
        _read += got;
        _aheadStart = 0;
        _aheadEnd = left + got;
        if (_aheadEnd < count)
            throw new CorruptDataException($"Section {_section.Name} of the snapshot ends early.");
    }
}
