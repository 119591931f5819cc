namespace Rag.Engine.Sparse;

/// <summary>
/// What one posting adds to a document's score. Implementations are structs, so that the call is inlined. Sums are
/// whole numbers (<see cref="ScoreScale"/>), so they do not depend on the order in which terms are looked at, and
/// several partitions agree to the last bit.
/// </summary>
internal interface ITermScoring
{
    /// <summary>What a term of <paramref name="weight"/> adds. Never falls when the payload rises or the length
    /// falls.</summary>
    long Add(float weight, uint payload, uint length);
}

/// <summary>
/// BM25: weight × tf / (tf + k1 × (1 − b + b × length / average length)); the weight holds idf, k1 + 1, the term's
/// count in the query, and the scale.
/// </summary>
internal readonly struct Bm25Scoring(float k1, float b, double averageLength) : ITermScoring
{
    private readonly float _base = k1 * (1 - b);
    private readonly float _perLength = (float)(k1 * b / averageLength);

    public long Add(float weight, uint payload, uint length)
    {
        var tf = (float)(int)payload;
        return (long)(weight * tf / (tf + (_base + _perLength * (int)length)));
    }
}

/// <summary>Inner product: weight × the value that the payload stands for.</summary>
internal readonly struct DotScoring : ITermScoring
{
    public long Add(float weight, uint payload, uint length) =>
        (long)(weight * (float)BitConverter.UInt16BitsToHalf((ushort)payload));
}
