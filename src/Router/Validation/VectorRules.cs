using System.Buffers.Binary;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>Vectors against the space that they are for. A fault is a sentence, null is none.</summary>
internal static class VectorRules
{
    private const int ExponentMask = 0x7F800000;

    public static string? Fault(Vector vector, VectorSpace space)
    {
        var (dimension, finite, zero) = vector.KindCase switch
        {
            Vector.KindOneofCase.Dense => Look(vector.Dense.Values),
            Vector.KindOneofCase.Packed when vector.Packed.Length % sizeof(float) == 0 => Look(vector.Packed),
            Vector.KindOneofCase.Packed => (-1, true, false),
            _ => (0, true, false),
        };
        if (dimension < 0)
            return $"The packed vector has {vector.Packed.Length} bytes: send 4 for each component.";
        if (dimension == 0)
            return "The vector is empty: send one component for each dimension.";
        if (dimension != space.Dimension)
        {
            return $"The vector has {dimension} components, but space '{space.Name}' has {space.Dimension} dimensions: "
                + "send a vector of that length.";
        }

        if (!finite)
            return "The vector holds NaN or an infinity: send finite components.";
        return zero && space.Metric is (Metric.Cosine or Metric.Unspecified)
            ? $"The vector has length zero, which has no direction: space '{space.Name}' compares by cosine."
            : null;
    }

    private static (int Dimension, bool Finite, bool Zero) Look(RepeatedField<float> values)
    {
        var finite = true;
        var zero = true;
        for (var i = 0; i < values.Count; i++)
        {
            finite &= float.IsFinite(values[i]);
            zero &= values[i] == 0;
        }

        return (values.Count, finite, zero);
    }

    private static (int Dimension, bool Finite, bool Zero) Look(ByteString packed)
    {
        var bytes = packed.Span;
        var finite = true;
        var any = 0;
        for (var i = 0; i < bytes.Length; i += sizeof(float))
        {
            var bits = BinaryPrimitives.ReadInt32LittleEndian(bytes[i..]);
            finite &= (bits & ExponentMask) != ExponentMask;
            // All bits but the sign: minus zero is zero.
            any |= bits & int.MaxValue;
        }

        return (bytes.Length / sizeof(float), finite, any == 0);
    }
}
