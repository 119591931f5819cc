namespace Rag.Cli.Evaluation;

/// <summary>
/// How good one ranking is against judgements. Grades above 0 are relevant; a document without a judgement has grade 0,
/// and one that the ranking repeats counts where it stands first.
/// </summary>
internal static class RankingMetrics
{
    /// <summary>
    /// nDCG at a depth with linear gain: Σ grade / log₂(rank + 1), divided by the same sum of the best order possible.
    /// 0 where nothing is relevant.
    /// </summary>
    public static double NdcgAt(int depth, IReadOnlyList<string> ranking, IReadOnlyDictionary<string, int> grades)
    {
        var gained = 0.0;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < ranking.Count && i < depth; i++)
        {
            if (seen.Add(ranking[i]) && grades.TryGetValue(ranking[i], out var grade) && grade > 0)
                gained += grade / Math.Log2(i + 2);
        }

        var ideal = 0.0;
        var rank = 0;
        foreach (var grade in grades.Values.Where(grade => grade > 0).OrderDescending().Take(depth))
            ideal += grade / Math.Log2(rank++ + 2);
        return ideal > 0 ? gained / ideal : 0;
    }

    /// <summary>Mean of the precision at each relevant document's rank; one that is not found counts 0.</summary>
    public static double AveragePrecision(
        int depth, IReadOnlyList<string> ranking, IReadOnlyDictionary<string, int> grades)
    {
        var relevant = grades.Values.Count(grade => grade > 0);
        if (relevant == 0)
            return 0;
        var found = 0;
        var sum = 0.0;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < ranking.Count && i < depth; i++)
        {
            if (seen.Add(ranking[i]) && grades.GetValueOrDefault(ranking[i]) > 0)
                sum += ++found / (double)(i + 1);
        }

        return sum / relevant;
    }

    /// <summary>Share of the relevant documents that stand among the first <paramref name="depth"/>.</summary>
    public static double RecallAt(int depth, IReadOnlyList<string> ranking, IReadOnlyDictionary<string, int> grades)
    {
        var relevant = grades.Values.Count(grade => grade > 0);
        if (relevant == 0)
            return 0;
        var found = ranking.Take(depth).Distinct(StringComparer.Ordinal)
            .Count(document => grades.GetValueOrDefault(document) > 0);
        return found / (double)relevant;
    }
}
