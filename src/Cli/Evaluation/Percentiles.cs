namespace Rag.Cli.Evaluation;

/// <summary>Nearest-rank percentiles: always a value that was measured.</summary>
internal static class Percentiles
{
    /// <param name="values">In any order; left as they are.</param>
    /// <param name="share">0 to 1, as 0.99.</param>
    /// <returns>0 where there are no values.</returns>
    public static double At(IReadOnlyCollection<double> values, double share)
    {
        if (values.Count == 0)
            return 0;
        var sorted = values.ToArray();
        Array.Sort(sorted);
        var rank = (int)Math.Ceiling(share * sorted.Length);
        return sorted[Math.Clamp(rank - 1, 0, sorted.Length - 1)];
    }
}
