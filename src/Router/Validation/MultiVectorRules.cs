using System.Buffers.Binary;
using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>Multi-vectors against the workspace that they are for. A fault is a sentence, null is none.</summary>
internal static class MultiVectorRules
{
    /// <param name="dimension">What the workspace's settings name; 0: its chunks have none.</param>
    public static string? Fault(MultiVector vectors, int dimension)
    {
        if (dimension == 0)
        {
            return "The workspace has no multi-vectors: make one with multi_vector_dimension, the number of components of "
                + "each vector.";
        }

        var fault = vectors.KindCase switch
        {
            MultiVector.KindOneofCase.Dense => Fault(vectors.Dense, dimension),
            MultiVector.KindOneofCase.Packed => Fault(vectors.Packed.Span, dimension),
            _ => Empty,
        };
        return fault ?? CountFault(CountOf(vectors, dimension), dimension);
    }

    private const string Empty = "The multi-vector is empty: send at least one vector.";

    private static int CountOf(MultiVector vectors, int dimension) =>
        vectors.KindCase is MultiVector.KindOneofCase.Dense
            ? vectors.Dense.Vectors.Count
            : vectors.Packed.Length / sizeof(float) / dimension;

    private static string? CountFault(int count, int dimension)
    {
        var most = Math.Min(Limits.MultiVectorCount, Limits.MultiVectorComponents / dimension);
        return count > most
            ? $"The multi-vector has {count} vectors, and {most} of {dimension} dimensions are possible: send fewer."
            : null;
    }

    private static string? Fault(DenseVectors vectors, int dimension)
    {
        for (var i = 0; i < vectors.Vectors.Count; i++)
        {
            var values = vectors.Vectors[i].Values;
            if (values.Count != dimension)
            {
                return $"Vector {i} of the multi-vector has {values.Count} components, but the workspace's have "
                    + $"{dimension} dimensions: send vectors of that length.";
            }

            for (var j = 0; j < values.Count; j++)
            {
                if (!float.IsFinite(values[j]))
                    return NotFinite;
            }
        }

        return vectors.Vectors.Count == 0 ? Empty : null;
    }

    private static string? Fault(ReadOnlySpan<byte> packed, int dimension)
    {
        if (packed.IsEmpty)
            return Empty;
        if (packed.Length % (sizeof(float) * dimension) != 0)
        {
            return $"The packed multi-vector has {packed.Length} bytes: send whole vectors of {dimension} components, "
                + $"{sizeof(float) * dimension} bytes each.";
        }

        for (var i = 0; i < packed.Length; i += sizeof(float))
        {
            if (!float.IsFinite(BinaryPrimitives.ReadSingleLittleEndian(packed[i..])))
                return NotFinite;
        }

        return null;
    }

    private const string NotFinite = "The multi-vector holds NaN or an infinity: send finite components.";
}
