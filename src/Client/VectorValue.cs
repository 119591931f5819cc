using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Rag.V1;

namespace Rag.Client;

/// <summary>Vectors from and to plain floats.</summary>
public static class VectorValue
{
    /// <summary>Packs components as 32-bit floats, little endian.</summary>
    public static Vector Of(ReadOnlySpan<float> components) => new() { Packed = Pack(components) };

    /// <summary>Packs several vectors of one length for a chunk's <c>multi_vector</c> or for late interaction.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static MultiVector OfMany(IReadOnlyList<ReadOnlyMemory<float>> vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        var dimension = vectors.Count == 0 ? 0 : vectors[0].Length;
        var components = new float[vectors.Count * dimension];
        for (var i = 0; i < vectors.Count; i++)
        {
            if (vectors[i].Length != dimension)
                throw new ArgumentException($"Vector {i} has {vectors[i].Length} components, not {dimension}.", nameof(vectors));
            vectors[i].Span.CopyTo(components.AsSpan(i * dimension));
        }

        return new MultiVector { Packed = Pack(components) };
    }

    /// <summary>A sparse vector of weights by index: 1 to 1,024 of them, above 0 and at most 65,504.</summary>
    public static SparseVector Sparse(IEnumerable<KeyValuePair<uint, float>> weights)
    {
        var vector = new SparseVector();
        foreach (var (index, weight) in weights)
        {
            vector.Indices.Add(index);
            vector.Weights.Add(weight);
        }

        return vector;
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

    private static ByteString Pack(ReadOnlySpan<float> components)
    {
        if (BitConverter.IsLittleEndian)
            return ByteString.CopyFrom(MemoryMarshal.AsBytes(components));
        var bytes = new byte[components.Length * sizeof(float)];
        for (var i = 0; i < components.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), components[i]);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }
}
