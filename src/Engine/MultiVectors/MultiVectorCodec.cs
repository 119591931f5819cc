using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Rag.Engine.Mutations;

namespace Rag.Engine.MultiVectors;

/// <summary>
/// A multi-vector in bytes: a part of a chunk's content, and a query as it is scored.
/// <code>
/// format 1 byte (1) │ dimension varint │ count varint │ scales count × float32 │ codes count × dimension × int8
/// </code>
/// A component is code × scale of its vector; the scale is the largest magnitude / 127, so the error of a component is at
/// most 1/254 of that. Little endian.
/// </summary>
internal static class MultiVectorCodec
{
    private const byte Format = 1;
    private const int Largest = sbyte.MaxValue;

    /// <summary>Writes vectors that were checked.</summary>
    public static void Write(PayloadWriter to, MultiVector vectors)
    {
        var (dimension, count) = (vectors.Dimension, vectors.Count);
        var values = vectors.Values.Span;
        to.Byte(Format);
        to.VarInt(dimension);
        to.VarInt(count);
        for (var i = 0; i < count; i++)
            to.UInt32(BitConverter.SingleToUInt32Bits(ScaleOf(values.Slice(i * dimension, dimension))));
        for (var i = 0; i < count; i++)
        {
            var vector = values.Slice(i * dimension, dimension);
            Code(vector, ScaleOf(vector), MemoryMarshal.Cast<byte, sbyte>(to.GetSpan(dimension)));
            to.Advance(dimension);
        }
    }

    public static byte[] Encode(MultiVector vectors)
    {
        using var writer = new PayloadWriter(16 + vectors.Count * (4 + vectors.Dimension));
        Write(writer, vectors);
        return writer.ToArray();
    }

    /// <summary>The parts, in place.</summary>
    /// <exception cref="InvalidDataException">The bytes are no multi-vector.</exception>
    public static EncodedMultiVector Read(ReadOnlySpan<byte> encoded)
    {
        var reader = new PayloadReader(encoded);
        if (reader.Byte() != Format)
            throw PayloadReader.Malformed("a multi-vector is in an unknown form");
        var dimension = reader.Int32(StoreLimits.MaxMultiVectorDimension);
        var count = reader.Count(sizeof(float));
        if (dimension == 0 || count == 0)
            throw PayloadReader.Malformed("a multi-vector is empty");
        var scales = reader.Raw(count * sizeof(float));
        var codes = MemoryMarshal.Cast<byte, sbyte>(reader.Raw(checked(count * dimension)));
        reader.ExpectEnd();
        return new EncodedMultiVector { Dimension = dimension, Count = count, Scales = scales, Codes = codes };
    }

    /// <summary>The vectors that the bytes stand for.</summary>
    public static MultiVector Decode(ReadOnlySpan<byte> encoded)
    {
        var parts = Read(encoded);
        var values = new float[parts.Codes.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = parts.Codes[i] * parts.ScaleOf(i / parts.Dimension);
        return new MultiVector(parts.Dimension, values);
    }

    // A vector whose components are next to nothing is kept as zero: the quotient would leave the range of float32.
    private static float ScaleOf(ReadOnlySpan<float> vector)
    {
        var scale = MathF.Abs(TensorPrimitives.MaxMagnitude(vector)) / Largest;
        return float.IsNormal(scale) ? scale : 0;
    }

    private static void Code(ReadOnlySpan<float> vector, float scale, Span<sbyte> codes)
    {
        for (var i = 0; i < vector.Length; i++)
            codes[i] = scale == 0 ? (sbyte)0 : (sbyte)Math.Clamp(MathF.Round(vector[i] / scale), -Largest, Largest);
    }
}

/// <summary>A multi-vector in its stored form; spans point into what was read.</summary>
internal ref struct EncodedMultiVector
{
    public int Dimension;
    public int Count;
    public ReadOnlySpan<byte> Scales;
    public ReadOnlySpan<sbyte> Codes;

    /// <summary>What a code of a vector is multiplied with.</summary>
    public readonly float ScaleOf(int vector) =>
        BinaryPrimitives.ReadSingleLittleEndian(Scales[(vector * sizeof(float))..]);
}
