using Rag.Engine.Mutations;

namespace Rag.Engine;

/// <summary>
/// Metadata in the store's own form, read from its beginning to its end: <see cref="MoveNext"/>, then exactly
/// <see cref="Count"/> times <see cref="ReadText"/> (for strings) or <see cref="ReadValue"/> (for all others).
/// </summary>
public ref struct StoredMetadata
{
    private PayloadReader _reader;
    private int _left;

    internal StoredMetadata(ReadOnlySpan<byte> encoded)
    {
        _reader = new PayloadReader(encoded);
        _left = encoded.IsEmpty ? 0 : _reader.Count(3);
    }

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> Key { get; private set; }

    public MetadataKind Kind { get; private set; }

    public bool IsList { get; private set; }

    /// <summary>Number of elements; 1 for a single value.</summary>
    public int Count { get; private set; }

    /// <summary>Goes to the next value; false behind the last one.</summary>
    public bool MoveNext()
    {
        if (_left == 0)
            return false;
        _left--;
        Key = _reader.Bytes();
        (Kind, IsList) = MetadataCodec.ReadKind(ref _reader);
        Count = IsList ? _reader.Count() : 1;
        return true;
    }

    /// <summary>The next element of a string or of strings, in UTF-8.</summary>
    public ReadOnlySpan<byte> ReadText() => _reader.Bytes();

    /// <summary>The next element of any other kind.</summary>
    public MetadataValue ReadValue() => MetadataValue.OfBits(Kind, MetadataCodec.ReadBits(ref _reader, Kind));
}
