using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Rag.Router.Validation;

namespace Rag.Router.Cursors;

/// <summary>Reads an opaque token; whatever does not fit makes it invalid and reads as zero. For one thread.</summary>
internal ref struct TokenReader
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly byte[] _bytes = [];
    private int _position;

    public TokenReader(string token, byte kind)
    {
        IsValid = token.Length <= Limits.TokenCharacters && Base64Url.IsValid(token);
        if (!IsValid)
            return;
        _bytes = Base64Url.DecodeFromChars(token);
        IsValid = _bytes.Length > 0 && _bytes[0] == kind;
        _position = 1;
    }

    /// <summary>Reads bytes that were part of a token.</summary>
    public TokenReader(byte[] bytes, byte kind)
    {
        _bytes = bytes;
        IsValid = _bytes.Length > 0 && _bytes[0] == kind;
        _position = 1;
    }

    /// <summary>False as soon as something did not fit.</summary>
    public bool IsValid { get; private set; }

    /// <summary>Everything was read and everything fitted.</summary>
    public readonly bool IsComplete => IsValid && _position == _bytes.Length;

    public Guid ReadUuid() => Take(16) is { Length: 16 } bytes ? new Guid(bytes, bigEndian: true) : default;

    public ulong ReadFixed() => Take(8) is { Length: 8 } bytes ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;

    public float ReadSingle() =>
        Take(sizeof(float)) is { Length: sizeof(float) } bytes ? BinaryPrimitives.ReadSingleBigEndian(bytes) : 0;

    /// <summary>All bytes that are left.</summary>
    public ReadOnlySpan<byte> ReadRest() => IsValid ? Take(_bytes.Length - _position) : [];

    public ulong ReadVarint()
    {
        var number = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (Take(1) is not { Length: 1 } next)
                return 0;
            number |= (ulong)(next[0] & 0x7F) << shift;
            if (next[0] < 0x80)
                return number;
        }

        IsValid = false;
        return 0;
    }

    public string ReadText()
    {
        var length = ReadVarint();
        if (length > (ulong)_bytes.Length)
        {
            IsValid = false;
            return "";
        }

        try
        {
            return Strict.GetString(Take((int)length));
        }
        catch (ArgumentException)
        {
            IsValid = false;
            return "";
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (!IsValid || _bytes.Length - _position < count)
        {
            IsValid = false;
            return [];
        }

        _position += count;
        return _bytes.AsSpan(_position - count, count);
    }
}
