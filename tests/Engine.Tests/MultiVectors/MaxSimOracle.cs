namespace Rag.Engine.Tests.MultiVectors;

/// <summary>Late interaction, product by product, of components as they are.</summary>
internal static class MaxSimOracle
{
    public static double Score(MultiVector query, MultiVector passage)
    {
        var sum = 0d;
        for (var i = 0; i < query.Count; i++)
        {
            var best = double.NegativeInfinity;
            for (var j = 0; j < passage.Count; j++)
            {
                var dot = 0d;
                for (var c = 0; c < query.Dimension; c++)
                    dot += (double)query.Values.Span[i * query.Dimension + c] * passage.Values.Span[j * query.Dimension + c];
                best = Math.Max(best, dot);
            }

            sum += best;
        }

        return sum;
    }
}
