using Rag.Engine.MultiVectors;

namespace Rag.Engine;

/// <summary>
/// Several vectors of one chunk, or of a query: mostly one a token. Stored as one signed byte a component with a scale a
/// vector, and given back as that was. Immutable.
/// </summary>
public sealed class MultiVector
{
    /// <summary>Takes the vectors without looking at them; <see cref="FindError"/> does.</summary>
    /// <param name="dimension">Components of each vector.</param>
    /// <param name="values">The vectors behind one another: count × dimension.</param>
    public MultiVector(int dimension, ReadOnlyMemory<float> values) => (Dimension, Values) = (dimension, values);

    /// <summary>Components of each vector, 1 to <see cref="StoreLimits.MaxMultiVectorDimension"/>.</summary>
    public int Dimension { get; }

    /// <summary>The vectors behind one another.</summary>
    public ReadOnlyMemory<float> Values { get; }

    /// <summary>Number of vectors.</summary>
    public int Count => Dimension > 0 ? Values.Length / Dimension : 0;

    /// <summary>
    /// Sum over the vectors of a query of the highest inner product with a vector of <paramref name="passage"/>, both in
    /// the form in which passages are stored (late interaction: O. Khattab and M. Zaharia, "ColBERT", SIGIR 2020).
    /// </summary>
    /// <exception cref="ArgumentException">The dimensions differ, or one of them has no vectors.</exception>
    public float MaxSimWith(MultiVector passage)
    {
        ArgumentNullException.ThrowIfNull(passage);
        if (Dimension != passage.Dimension || Count == 0 || passage.Count == 0)
            throw new ArgumentException("Both sides need vectors of one dimension.", nameof(passage));
        return Score(Encode(), passage.Encode());
    }

    /// <summary>The form in which it is stored, for <see cref="Score"/>.</summary>
    public byte[] Encode() => MultiVectorCodec.Encode(this);

    /// <summary><see cref="MaxSimWith"/> of two in their stored form; no allocation.</summary>
    /// <exception cref="InvalidDataException">One of them is not what <see cref="Encode"/> gave.</exception>
    public static float Score(ReadOnlySpan<byte> query, ReadOnlySpan<byte> passage) =>
        MaxSim.Score(MultiVectorCodec.Read(query), MultiVectorCodec.Read(passage));

    /// <summary>A sentence that says what is wrong with it, or null.</summary>
    public string? FindError()
    {
        if (Dimension is < 1 or > StoreLimits.MaxMultiVectorDimension)
        {
            return $"The multi-vector's vectors have {Dimension} dimensions; "
                + $"1–{StoreLimits.MaxMultiVectorDimension} are possible.";
        }

        if (Values.IsEmpty || Values.Length % Dimension != 0)
            return $"The multi-vector has {Values.Length} components; send whole vectors of {Dimension}, at least one.";
        if (Count > StoreLimits.MaxMultiVectorCount || Values.Length > StoreLimits.MaxMultiVectorComponents)
        {
            return $"The multi-vector has {Count} vectors of {Dimension}; send at most {StoreLimits.MaxMultiVectorCount}, "
                + $"and {StoreLimits.MaxMultiVectorComponents} components in all.";
        }

        foreach (var component in Values.Span)
        {
            if (!float.IsFinite(component))
                return "The multi-vector holds NaN or an infinity; send finite numbers.";
        }

        return null;
    }
}
