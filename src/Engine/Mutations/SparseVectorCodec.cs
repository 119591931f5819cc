namespace Rag.Engine.Mutations;

/// <summary>
/// A sparse vector as it stands in a chunk's content.
/// <code>
/// weights (count + floats), then the indices, rising, each as what it is above the one before, less one
/// </code>
/// </summary>
internal static class SparseVectorCodec
{
    public static void Write(PayloadWriter to, SparseVector vector)
    {
        var ordered = vector.InOrder();
        to.Floats(ordered.Weights.Span);
        var former = -1L;
        foreach (var index in ordered.Indices.Span)
        {
            to.VarInt((ulong)(index - former - 1));
            former = index;
        }
    }

    /// <summary>Reads a vector; none where there are no bytes.</summary>
    /// <exception cref="InvalidDataException">What <see cref="Write"/> wrote looks otherwise.</exception>
    public static SparseVector Read(ReadOnlySpan<byte> encoded)
    {
        if (encoded.IsEmpty)
            return default;
        var reader = new PayloadReader(encoded);
        var vector = Read(ref reader);
        reader.ExpectEnd();
        return vector;
    }

    /// <summary>Steps over a vector.</summary>
    public static void Skip(scoped ref PayloadReader from)
    {
        for (var left = from.Floats().Length; left > 0; left--)
            from.VarInt();
    }

    private static SparseVector Read(ref PayloadReader from)
    {
        var weights = from.Floats().ToArray();
        var indices = new uint[weights.Length];
        var former = -1L;
        for (var i = 0; i < indices.Length; i++)
        {
            var gap = from.VarInt();
            if (gap > uint.MaxValue || former + 1 + (long)gap > uint.MaxValue)
                throw PayloadReader.Malformed("an index of a sparse vector is out of range");
            former += 1 + (long)gap;
            indices[i] = (uint)former;
        }

        var vector = new SparseVector(indices, weights);
        return vector.FindError() is { } error ? throw PayloadReader.Malformed(error) : vector;
    }
}
