using System.Buffers.Binary;
using Google.Protobuf;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>Vectors as shards take them: little-endian float32.</summary>
internal static class VectorBytes
{
    /// <summary>The bytes of a vector that has been checked.</summary>
    public static ByteString Of(Vector vector)
    {
        if (vector.KindCase == Vector.KindOneofCase.Packed)
            return vector.Packed;
        var values = vector.Dense.Values;
        var bytes = new byte[values.Count * sizeof(float)];
        for (var i = 0; i < values.Count; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }
}
