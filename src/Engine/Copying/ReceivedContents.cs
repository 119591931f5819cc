using System.Buffers.Binary;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>Contents as they came, read one by one. Not thread-safe.</summary>
internal sealed class ReceivedContents(IStorageFile file)
{
    private const int MaxContentBytes = 1 << 20;

    private readonly byte[] _header = new byte[SliceExport.ContentHeader];
    private byte[] _content = new byte[4096];
    private long _at;

    /// <summary>Bytes of all that was read, which are whole contents.</summary>
    public long Offset => _at;

    public int Row { get; private set; } = -1;

    public ReadOnlySpan<byte> Encoded => _content.AsSpan(0, Length);

    private int Length { get; set; }

    /// <summary>Reads the next one; false at the end, or where the rest is not a whole one.</summary>
    /// <exception cref="CorruptDataException">It cannot be one.</exception>
    public bool TryRead()
    {
        if (file.Read(_at, _header) < _header.Length)
            return false;
        var row = BinaryPrimitives.ReadInt32LittleEndian(_header);
        var length = BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(4));
        if (row <= Row || length is < 0 or > MaxContentBytes)
            throw new CorruptDataException("The contents of a copied slice are damaged.");
        if (_content.Length < length)
            _content = new byte[length];
        if (file.Read(_at + _header.Length, _content.AsSpan(0, length)) < length)
            return false;
        (Row, Length) = (row, length);
        _at += _header.Length + length;
        return true;
    }
}
