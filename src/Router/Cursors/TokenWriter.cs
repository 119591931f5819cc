using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;

namespace Rag.Router.Cursors;

/// <summary>Builds an opaque token: bytes, then base64url. For one thread.</summary>
internal ref struct TokenWriter
{
    private Span<byte> _bytes;
    private int _length;

    public TokenWriter(byte kind)
        : this(kind, new byte[64])
    {
    }

    /// <param name="room">Where to write as long as it suffices; not empty.</param>
    public TokenWriter(byte kind, Span<byte> room)
    {
        _bytes = room;
        _bytes[0] = kind;
        _length = 1;
    }

    public void Write(Guid uuid)
    {
        uuid.TryWriteBytes(Reserve(16), bigEndian: true, out _);
    }

    public void Write(ulong fixedNumber) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(8), fixedNumber);

    public void WriteVarint(ulong number)
    {
        while (number >= 0x80)
        {
            Reserve(1)[0] = (byte)(number | 0x80);
            number >>= 7;
        }

        Reserve(1)[0] = (byte)number;
    }

    public void Write(string text)
    {
        var count = Encoding.UTF8.GetByteCount(text);
        WriteVarint((ulong)count);
        Encoding.UTF8.GetBytes(text, Reserve(count));
    }

    public void Write(float number) => BinaryPrimitives.WriteSingleBigEndian(Reserve(sizeof(float)), number);

    /// <summary>Bytes without their length: the last of a token.</summary>
    public void Write(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>What is written so far, the kind first.</summary>
    public readonly ReadOnlySpan<byte> Written => _bytes[.._length];

    public readonly string ToToken() => Base64Url.EncodeToString(Written);

    private Span<byte> Reserve(int count)
    {
        if (_length + count > _bytes.Length)
        {
            Span<byte> larger = new byte[Math.Max(_bytes.Length * 2, _length + count)];
            Written.CopyTo(larger);
            _bytes = larger;
        }

        _length += count;
        return _bytes.Slice(_length - count, count);
    }
}
