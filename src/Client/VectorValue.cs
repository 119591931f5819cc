using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Rag.V1;

namespace Rag.Client;

/// <summary>Vectors from and to plain floats.</summary>
public static class VectorValue
{
    /// <summary>Packs components as 32-bit floats, little endian.</summary>
    public static Vector Of(ReadOnlySpan<float> components)
    {
        if (BitConverter.IsLittleEndian)
            return new Vector { Packed = ByteString.CopyFrom(MemoryMarshal.AsBytes(components)) };
        var bytes = new byte[components.Length * sizeof(float)];
        for (var i = 0; i < components.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), components[i]);
        return new Vector { Packed = UnsafeByteOperations.UnsafeWrap(bytes) };
    }

    /// <summary>The components; empty for an empty message.</summary>
    /// <exception cref="InvalidDataException">Packed bytes that are no whole number of components.</exception>
    public static float[] ToArray(this Vector vector)
    {
        if (vector.KindCase == Vector.KindOneofCase.Dense)
            return [.. vector.Dense.Values];
        var bytes = vector.Packed.Span;
        if (bytes.Length % sizeof(float) != 0)
            throw new InvalidDataException($"A packed vector has 4 bytes a component, not {bytes.Length} in all.");
        var components = new float[bytes.Length / sizeof(float)];
        for (var i = 0; i < components.Length; i++)
            components[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * sizeof(float))..]);
        return components;
    }
}
