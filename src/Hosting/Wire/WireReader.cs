using System.Buffers.Binary;

namespace Rag.Hosting.Wire;

/// <summary>
/// Reads protobuf in place, for messages that are read often. It never throws: what does not fit makes a method return
/// false, and the caller gives the same bytes to the generated parser, which says what is wrong with them.
/// </summary>
public ref struct WireReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether everything was read.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>A field's number and wire type as one byte, so of the fields 1 to 15 only.</summary>
    public bool TryReadTag(out byte tag)
    {
        tag = 0;
        if (_rest.IsEmpty || _rest[0] >= 0x80)
            return false;
        tag = _rest[0];
        _rest = _rest[1..];
        return true;
    }

    /// <summary>A number of the wire type VARINT.</summary>
    public bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < _rest.Length && i < 10; i++)
        {
            var part = _rest[i];
            // The tenth byte holds one bit.
            if (i == 9 && part > 1)
                return false;
            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part >= 0x80)
                continue;
            _rest = _rest[(i + 1)..];
            return true;
        }

        return false;
    }

    /// <summary>A float.</summary>
    public bool TryReadSingle(out float value)
    {
        if (!BinaryPrimitives.TryReadSingleLittleEndian(_rest, out value))
            return false;
        _rest = _rest[sizeof(float)..];
        return true;
    }

    /// <summary>A string, bytes, or a message.</summary>
    public bool TryReadBytes(out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!TryReadVarint(out var length) || length > (ulong)_rest.Length)
            return false;
        value = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }
}
