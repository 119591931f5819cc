using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rag.Hosting.Wire;

/// <summary>
/// Protobuf written by hand into pooled memory that is used again: what a search answers, without messages, strings or
/// lists being made of it. Fields follow proto3: what has its default is left out by whoever writes. Not thread-safe.
/// <code>
/// tag │ length │ content     a message's length is known behind it: a byte is kept for it, and the content moves on where
///                            it takes more
/// </code>
/// </summary>
public sealed class WireBuffer
{
    /// <summary>A buffer that grew beyond is given back and not kept.</summary>
    private const int MaxKeptBytes = 1 << 20;

    private const int FirstBytes = 4096;
    private const int MaxVarintBytes = 10;

    private byte[] _bytes = [];

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>What was written; good until the next write.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Forgets what was written.</summary>
    public void Clear()
    {
        Length = 0;
        if (_bytes.Length <= MaxKeptBytes)
            return;
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    /// <summary>Forgets what was written behind a length.</summary>
    public void TruncateTo(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length);
        Length = length;
    }

    /// <summary>A number of whatever type has the wire type VARINT; a negative one as its 64 bits.</summary>
    public void Varint(byte tag, ulong value)
    {
        Reserve(1 + MaxVarintBytes);
        _bytes[Length++] = tag;
        Raw(value);
    }

    /// <summary>A float.</summary>
    public void Fixed32(byte tag, float value)
    {
        Reserve(5);
        _bytes[Length] = tag;
        BinaryPrimitives.WriteSingleLittleEndian(_bytes.AsSpan(Length + 1), value);
        Length += 5;
    }

    /// <summary>A double.</summary>
    public void Fixed64(byte tag, double value)
    {
        Reserve(9);
        _bytes[Length] = tag;
        BinaryPrimitives.WriteDoubleLittleEndian(_bytes.AsSpan(Length + 1), value);
        Length += 9;
    }

    /// <summary>A string, bytes, or a message that is encoded already.</summary>
    public void Bytes(byte tag, ReadOnlySpan<byte> value)
    {
        Reserve(1 + MaxVarintBytes + value.Length);
        _bytes[Length++] = tag;
        Raw((ulong)value.Length);
        value.CopyTo(_bytes.AsSpan(Length));
        Length += value.Length;
    }

    /// <summary>A number without a tag, as packed lists hold them.</summary>
    public void PackedVarint(ulong value)
    {
        Reserve(MaxVarintBytes);
        Raw(value);
    }

    /// <summary>A double without a tag.</summary>
    public void PackedFixed64(double value)
    {
        Reserve(8);
        BinaryPrimitives.WriteDoubleLittleEndian(_bytes.AsSpan(Length), value);
        Length += 8;
    }

    /// <summary>Begins a message or packed list; <see cref="End"/> gets what this returns.</summary>
    public int Begin(byte tag)
    {
        Reserve(2);
        _bytes[Length] = tag;
        Length += 2;
        return Length;
    }

    /// <summary>Ends the message that was begun last.</summary>
    public void End(int start)
    {
        var length = Length - start;
        if (length < 0x80)
        {
            _bytes[start - 1] = (byte)length;
            return;
        }

        var more = SizeOf((uint)length) - 1;
        Reserve(more);
        Buffer.BlockCopy(_bytes, start, _bytes, start + more, length);
        Length = start - 1;
        Raw((uint)length);
        Length += length;
    }

    /// <summary>Room for bytes that are written by others; <see cref="Advance"/> says how many were.</summary>
    public Span<byte> GetSpan(int count)
    {
        Reserve(count);
        return _bytes.AsSpan(Length);
    }

    /// <inheritdoc cref="GetSpan"/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_bytes.Length - Length));
        Length += count;
    }

    private static int SizeOf(uint value) => (BitOperations.Log2(value | 1) * 9 + 73) / 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Raw(ulong value)
    {
        var bytes = _bytes;
        var at = Length;
        while (value >= 0x80)
        {
            bytes[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[at++] = (byte)value;
        Length = at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int count)
    {
        if (_bytes.Length - Length < count)
            Grow(count);
    }

    private void Grow(int count)
    {
        var wanted = Math.Max(FirstBytes, Math.Max(Length + (long)count, _bytes.Length * 2L));
        var grown = ArrayPool<byte>.Shared.Rent((int)Math.Min(wanted, Array.MaxLength));
        Written.CopyTo(grown);
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = grown;
    }
}
