using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Rag.Engine;
using Rag.V1;

namespace Rag.Shard.Mapping;

/// <summary>Vectors between the protos (floats, or little-endian bytes) and the engine.</summary>
internal static class VectorMapping
{
    public static ReadOnlyMemory<float> ToEngine(Vector vector, string space) => vector.KindCase switch
    {
        Vector.KindOneofCase.Dense => vector.Dense.Values.ToArray(),
        Vector.KindOneofCase.Packed => Unpack(vector.Packed, space),
        _ => throw new InvalidInputException($"Give the vector of space '{space}' as dense floats or as packed bytes."),
    };

    public static float[] Unpack(ByteString packed, string space)
    {
        if (packed.Length % sizeof(float) != 0)
        {
            throw new InvalidInputException(
                $"The packed vector of space '{space}' has {packed.Length} bytes; send 4 for each component.");
        }

        var values = new float[packed.Length / sizeof(float)];
        var bytes = packed.Span;
        for (var i = 0; !BitConverter.IsLittleEndian && i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * sizeof(float))..]);
        if (BitConverter.IsLittleEndian)
            bytes.CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    public static ByteString Pack(ReadOnlySpan<float> values)
    {
        if (BitConverter.IsLittleEndian)
            return ByteString.CopyFrom(MemoryMarshal.AsBytes(values));
        var bytes = new byte[values.Length * sizeof(float)];
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>No vector for an absent one.</summary>
    public static Engine.SparseVector ToEngine(V1.SparseVector? vector) => vector is null
        ? default
        : new Engine.SparseVector(vector.Indices.ToArray(), vector.Weights.ToArray());

    /// <summary>Absent where there is none.</summary>
    public static V1.SparseVector? ToProto(Engine.SparseVector? vector) => vector is not { IsEmpty: false } entries
        ? null
        : new V1.SparseVector { Indices = { entries.Indices.ToArray() }, Weights = { entries.Weights.ToArray() } };

    public static Encoder ToProto(VectorEncoder encoder) => encoder switch
    {
        VectorEncoder.Full => Encoder.Full,
        VectorEncoder.Lookup => Encoder.Lookup,
        _ => Encoder.Client,
    };
}
