namespace Rag.Engine.Kernels;

/// <summary>The measures by name, for float32 and int8 vectors of one length. Thread-safe.</summary>
internal static class Similarity
{
    /// <summary>Σ x·y.</summary>
    public static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y) => FloatKernel.Reduce<FloatDot>(x, y);

    /// <summary>Σ (x − y)².</summary>
    public static float SquaredL2(ReadOnlySpan<float> x, ReadOnlySpan<float> y) => FloatKernel.Reduce<FloatSquaredL2>(x, y);

    /// <summary>Cosine of the angle; 0 if either vector is zero.</summary>
    public static float Cosine(ReadOnlySpan<float> x, ReadOnlySpan<float> y) => Cosine(Dot(x, y), Norm(x), Norm(y));

    /// <summary>Euclidean length. Vectors whose squares leave the range of float32 are scaled first.</summary>
    public static float Norm(ReadOnlySpan<float> x)
    {
        var squared = Dot(x, x);
        return float.IsNormal(squared) ? MathF.Sqrt(squared) : NormInDouble(x);
    }

    /// <summary>A cosine from its parts.</summary>
    public static float Cosine(float dot, float xNorm, float yNorm)
    {
        var norms = xNorm * yNorm;
        return norms > 0 ? Math.Clamp(dot / norms, -1f, 1f) : 0;
    }

    /// <summary>Σ x·y.</summary>
    public static int Dot(ReadOnlySpan<sbyte> x, ReadOnlySpan<sbyte> y) => Int8Kernel.Reduce<IntegerDot>(x, y);

    /// <summary>Σ (x − y)².</summary>
    public static int SquaredL2(ReadOnlySpan<sbyte> x, ReadOnlySpan<sbyte> y) => Int8Kernel.Reduce<IntegerSquaredL2>(x, y);

    /// <summary>Cosine of the angle; 0 if either vector is zero.</summary>
    public static float Cosine(ReadOnlySpan<sbyte> x, ReadOnlySpan<sbyte> y) =>
        Cosine(Dot(x, y), MathF.Sqrt(Dot(x, x)), MathF.Sqrt(Dot(y, y)));

    private static float NormInDouble(ReadOnlySpan<float> x)
    {
        var sum = 0d;
        foreach (var component in x)
            sum += (double)component * component;
        return (float)Math.Sqrt(sum);
    }
}
