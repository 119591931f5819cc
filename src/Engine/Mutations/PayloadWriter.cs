using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Rag.Engine.Mutations;

/// <summary>
/// Writes the compact binary form of payloads: little endian, lengths and counts as variable-length integers of 7 bits
/// a byte. Its buffer is pooled; not thread-safe.
/// </summary>
internal sealed class PayloadWriter : IBufferWriter<byte>, IDisposable
{
    private byte[] _buffer;

    public PayloadWriter(int capacity = 1024) => _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> WrittenSpan => _buffer.AsSpan(0, Length);

    /// <summary>Forgets everything behind the first <paramref name="length"/> bytes.</summary>
    public void TruncateTo(int length) => Length = length;

    public byte[] ToArray() => WrittenSpan.ToArray();

    public void Byte(byte value) => Reserve(1)[0] = value;

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Reserve(8), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Reserve(4), value);

    public void Int64(long value) => UInt64((ulong)value);

    public void Guid(Guid value) => value.TryWriteBytes(Reserve(16), bigEndian: true, out _);

    public void VarInt(ulong value)
    {
        while (value >= 0x80)
        {
            Byte((byte)(value | 0x80));
            value >>= 7;
        }

        Byte((byte)value);
    }

    public void VarInt(int value) => VarInt((ulong)(uint)value);

    public void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>Length, then bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        VarInt(bytes.Length);
        Raw(bytes);
    }

    /// <summary>Length in bytes, then UTF-8.</summary>
    public void Text(string text)
    {
        var count = Encoding.UTF8.GetByteCount(text);
        VarInt(count);
        Encoding.UTF8.GetBytes(text, Reserve(count));
    }

    public void Floats(ReadOnlySpan<float> values)
    {
        VarInt(values.Length);
        if (BitConverter.IsLittleEndian)
        {
            Raw(MemoryMarshal.AsBytes(values));
            return;
        }

        foreach (var value in values)
            BinaryPrimitives.WriteSingleLittleEndian(Reserve(4), value);
    }

    public void Stamp(WriteStamp stamp)
    {
        VarInt((ulong)stamp.Epoch);
        VarInt(stamp.Sequence);
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_buffer.Length - Length));
        Length += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _buffer.AsMemory(Length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        Length = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Span<byte> Reserve(int count)
    {
        EnsureRoom(count);
        var span = _buffer.AsSpan(Length, count);
        Length += count;
        return span;
    }

    private void EnsureRoom(int count)
    {
        if (_buffer.Length - Length < Math.Max(1, count))
            Grow(Math.Max(1, count));
    }

    private void Grow(int count)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + count, _buffer.Length * 2));
        WrittenSpan.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
