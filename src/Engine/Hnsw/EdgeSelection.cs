using Rag.Engine.Quantization;

namespace Rag.Engine.Hnsw;

/// <summary>
/// Chooses a node's neighbours among candidates: near ones, but none that a nearer kept neighbour already leads to
/// (HNSW's heuristic with Vamana's slack), so that edges point in different directions.
/// </summary>
internal static unsafe class EdgeSelection
{
    /// <summary>
    /// Writes at most <paramref name="max"/> of the pool's rows to <paramref name="chosen"/>, nearest first. Distances
    /// in the pool must come from a bound row.
    /// </summary>
    public static int Select<TScorer>(CandidatePool candidates, int max, TScorer pairScorer, int* chosen)
        where TScorer : struct, IScorer
    {
        var (count, equals) = (0, 0);
        for (var i = 0; i < candidates.Count && count < max; i++)
        {
            var row = candidates.Row(i);
            // Copies of one vector would lead to each other only, and to nowhere else.
            if (candidates.Distance(i) == candidates.Distance(0) && equals++ >= max / 2)
                continue;
            if (IsUseful(row, candidates.Distance(i), pairScorer, chosen, count))
                chosen[count++] = row;
        }

        return count;
    }

    /// <summary>Whether no kept neighbour occludes a candidate.</summary>
    public static bool IsUseful<TScorer>(int row, uint distance, TScorer pairScorer, int* kept, int count)
        where TScorer : struct, IScorer
    {
        if (count == 0)
            return true;
        pairScorer.Bind(row);
        for (var i = 0; i < count; i++)
        {
            if (pairScorer.Occludes(pairScorer.Distance(kept[i]), distance))
                return false;
        }

        return true;
    }
}
