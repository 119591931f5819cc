namespace Rag.Engine;

/// <summary>
/// A caller's sparse vector, as learned sparse encoders (SPLADE and its kin) make them: numbers of terms, and what each
/// weighs. Scored by inner product. Weights are positive: those encoders make no others, and it is what lets a search
/// skip. The default value is no vector.
/// </summary>
/// <param name="Indices">Different numbers, in any order; at most <see cref="StoreLimits.MaxSparseEntries"/>.</param>
/// <param name="Weights">One for each index: above 0, at most 65,504. Kept as they are; searches score by their nearest
/// half-precision number, which is within 2⁻¹¹ of a weight from 2⁻¹⁴ on, and within 2⁻²⁴ below.</param>
public readonly record struct SparseVector(ReadOnlyMemory<uint> Indices, ReadOnlyMemory<float> Weights)
{
    /// <summary>Largest weight.</summary>
    public const float MaxWeight = 65_504;

    /// <summary>Entries.</summary>
    public int Count => Indices.Length;

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => Indices.IsEmpty && Weights.IsEmpty;

    /// <summary>A sentence that says what is wrong with it, or null.</summary>
    public string? FindError()
    {
        var indices = Indices.Span;
        var weights = Weights.Span;
        if (indices.Length != weights.Length)
            return $"The sparse vector has {indices.Length} indices and {weights.Length} weights; send one weight for each index.";
        if (indices.Length > StoreLimits.MaxSparseEntries)
        {
            return $"The sparse vector has {indices.Length} entries, over the {StoreLimits.MaxSparseEntries} allowed; "
                + "keep those that weigh most.";
        }

        foreach (var weight in weights)
        {
            if (!(weight > 0) || weight > MaxWeight)
                return $"The sparse vector holds the weight {weight}; weights are above 0 and at most {MaxWeight}.";
        }

        var sorted = IsRising(indices) ? indices : Sorted(indices);
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1])
                return $"The sparse vector has index {sorted[i]} twice; send each once.";
        }

        return null;
    }

    /// <summary>The same entries, indices rising.</summary>
    public SparseVector InOrder()
    {
        if (IsRising(Indices.Span))
            return this;
        var (indices, weights) = (Indices.ToArray(), Weights.ToArray());
        Array.Sort(indices, weights);
        return new SparseVector(indices, weights);
    }

    private static bool IsRising(ReadOnlySpan<uint> indices)
    {
        for (var i = 1; i < indices.Length; i++)
        {
            if (indices[i] <= indices[i - 1])
                return false;
        }

        return true;
    }

    private static uint[] Sorted(ReadOnlySpan<uint> indices)
    {
        var sorted = indices.ToArray();
        Array.Sort(sorted);
        return sorted;
    }
}
