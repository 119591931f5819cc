using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Rag.Engine.Mutations;

/// <summary>
/// Reads what <see cref="PayloadWriter"/> wrote. Every length is checked against what is left; whatever does not fit
/// throws <see cref="InvalidDataException"/>.
/// </summary>
internal ref struct PayloadReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { get; private set; }

    public readonly int Remaining => _bytes.Length - Position;

    public byte Byte() => Take(1)[0];

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public long Int64() => (long)UInt64();

    public Guid Guid() => new(Take(16), bigEndian: true);

    public ulong VarInt()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Byte();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }

        throw Malformed("a number has no end");
    }

    /// <summary>A count of things that take at least <paramref name="bytesEach"/> bytes, so at most what is
    /// left.</summary>
    public int Count(int bytesEach = 1)
    {
        var value = VarInt();
        if (value > (ulong)(Remaining / Math.Max(1, bytesEach)))
            throw Malformed("a count is larger than what is left");
        return (int)value;
    }

    public int Int32(int max)
    {
        var value = VarInt();
        if (value > (ulong)max)
            throw Malformed("a number is out of range");
        return (int)value;
    }

    public ReadOnlySpan<byte> Raw(int count) => Take(count);

    public ReadOnlySpan<byte> Bytes() => Take(Count());

    public string Text()
    {
        try
        {
            return StrictUtf8.GetString(Bytes());
        }
        catch (DecoderFallbackException)
        {
            throw Malformed("a text is not UTF-8");
        }
    }

    /// <summary>Components of a vector, in place; only on little-endian machines without a copy.</summary>
    public ReadOnlySpan<float> Floats()
    {
        var count = Count(4);
        var raw = Take(count * 4);
        if (BitConverter.IsLittleEndian)
            return MemoryMarshal.Cast<byte, float>(raw);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(raw[(i * 4)..]);
        return values;
    }

    public WriteStamp Stamp() => new(checked((uint)Int32(int.MaxValue)), VarInt());

    public readonly void ExpectEnd()
    {
        if (Remaining != 0)
            throw Malformed("there is more than there should be");
    }

    public static InvalidDataException Malformed(string what) => new($"The payload is malformed: {what}.");

    private ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)Remaining)
            throw Malformed("it ends too early");
        var span = _bytes.Slice(Position, count);
        Position += count;
        return span;
    }
}
