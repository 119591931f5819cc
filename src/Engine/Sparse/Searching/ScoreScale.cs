namespace Rag.Engine.Sparse;

/// <summary>
/// Between scores and the whole numbers that searches add up: a power of two that the query alone decides, so that the
/// largest sum possible is near 2⁵⁶, and what rounding loses is far below what a float can tell.
/// </summary>
internal readonly struct ScoreScale
{
    private const int SumBits = 56;

    private readonly int _bits;

    /// <param name="largestSum">What a document can score at most.</param>
    public ScoreScale(double largestSum) =>
        _bits = largestSum > 0 ? Math.Clamp(SumBits - Math.ILogB(largestSum), -60, 100) : 0;

    public float ScaleUp(double weight) => (float)Math.ScaleB(weight, _bits);

    public float ToScore(long sum) => (float)Math.ScaleB(sum, -_bits);
}
