namespace Rag.Cli.Bench.Ann;

/// <summary>Judges found rows by the true neighbours of each query: the same judge for every engine.</summary>
internal sealed class AnnRecall(int[][] truth, int k)
{
    private readonly HashSet<int>[] _truth = Array.ConvertAll(truth, neighbours => neighbours.ToHashSet());
    private readonly long _neighbours = truth.Sum(neighbours => (long)neighbours.Length);

    /// <summary>Share of the true neighbours among what was found: k rows a query, −1 where there were fewer.</summary>
    public double Of(int[] found)
    {
        var matches = 0L;
        for (var query = 0; query < _truth.Length; query++)
        {
            // A row that is named twice counts once.
            matches += found.AsSpan(query * k, k).ToArray().Distinct().Count(_truth[query].Contains);
        }

        return matches / (double)_neighbours;
    }
}
