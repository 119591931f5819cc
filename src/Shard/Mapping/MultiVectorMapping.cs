using System.Diagnostics.CodeAnalysis;
using Rag.Shard.Services;
using Rag.V1;

namespace Rag.Shard.Mapping;

/// <summary>Multi-vectors between the protos and the engine.</summary>
internal static class MultiVectorMapping
{
    /// <exception cref="InvalidInputException">They are not whole vectors of the workspace's dimension, or too
    /// many.</exception>
    [return: NotNullIfNotNull(nameof(vectors))]
    public static Engine.MultiVector? ToEngine(MultiVector? vectors, WorkspaceProfile profile)
    {
        if (vectors is null)
            return null;
        var dimension = profile.MultiVectorDimension;
        if (dimension == 0)
            throw new InvalidInputException("The workspace has no multi-vectors: its multi_vector_dimension is 0.");
        var values = vectors.KindCase switch
        {
            MultiVector.KindOneofCase.Packed => VectorMapping.Unpack(vectors.Packed, "multi_vector"),
            MultiVector.KindOneofCase.Dense => Join(vectors.Dense, dimension),
            _ => throw new InvalidInputException("Give the multi-vector as dense floats or as packed bytes."),
        };
        var mapped = new Engine.MultiVector(dimension, values);
        return mapped.FindError() is { } error ? throw new InvalidInputException(error) : mapped;
    }

    public static MultiVector? ToProto(Engine.MultiVector? vectors) => vectors is null
        ? null
        : new MultiVector { Packed = VectorMapping.Pack(vectors.Values.Span) };

    private static float[] Join(DenseVectors vectors, int dimension)
    {
        foreach (var vector in vectors.Vectors)
        {
            if (vector.Values.Count != dimension)
                throw new InvalidInputException($"A vector has {vector.Values.Count} components, not {dimension}.");
        }

        return [.. vectors.Vectors.SelectMany(static vector => vector.Values)];
    }
}
