using System.Numerics.Tensors;

namespace Rag.Embedding;

/// <summary>What both encoders do to a finished vector.</summary>
internal static class VectorMath
{
    /// <summary>Divides by the L2 norm; a zero vector stays as it is.</summary>
    public static void Normalize(Span<float> vector)
    {
        var norm = TensorPrimitives.Norm(vector);
        if (norm > 0)
            TensorPrimitives.Divide(vector, norm, vector);
    }
}
