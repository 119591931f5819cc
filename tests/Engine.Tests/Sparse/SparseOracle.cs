using Rag.Engine.Indexing;
using Rag.Engine.Sparse;

namespace Rag.Engine.Tests.Sparse;

/// <summary>Plain sums over plain dictionaries: what a sparse index must agree with.</summary>
internal sealed class SparseOracle(float k1 = 1.2f, float b = 0.75f)
{
    private readonly Dictionary<int, Entry> _rows = [];

    public IEnumerable<int> Rows => _rows.Keys;

    public void Set(int row, SparseDocument document, bool visible = true)
    {
        var terms = new Dictionary<ulong, ushort>();
        for (var i = 0; i < document.Count; i++)
            terms.Add(document.Keys[i], document.Payloads[i]);
        _rows[row] = new Entry(terms, document.Length, visible);
    }

    public void Show(int row, bool visible) => _rows[row] = _rows[row] with { Visible = visible };

    public void Remove(int row) => _rows.Remove(row);

    public bool IsVisible(int row) => _rows.TryGetValue(row, out var entry) && entry.Visible;

    public SparseStatistics StatisticsOf(SparseQuery query)
    {
        var visible = _rows.Values.Where(entry => entry.Visible && entry.Terms.Count > 0).ToList();
        var counts = query.Keys.ToArray().Select(key => (long)visible.Count(entry => entry.Terms.ContainsKey(key)));
        return new SparseStatistics(visible.Count, visible.Sum(entry => (long)Math.Min(entry.Length, 65535)), [.. counts]);
    }

    /// <summary>Scores of all visible rows that have a term of the query.</summary>
    public Dictionary<int, double> Scores(SparseQuery query, SparseStatistics? statistics = null)
    {
        statistics ??= StatisticsOf(query);
        var average = statistics.TotalLength > 0 ? (double)statistics.TotalLength / statistics.Documents : 1;
        var scores = new Dictionary<int, double>();
        foreach (var (row, entry) in _rows.Where(pair => pair.Value.Visible))
        {
            var sum = 0.0;
            var found = false;
            for (var i = 0; i < query.Keys.Length; i++)
            {
                if (!entry.Terms.TryGetValue(query.Keys[i], out var payload))
                    continue;
                found = true;
                if (!query.IsText)
                {
                    sum += query.Weights[i] * (double)(float)BitConverter.UInt16BitsToHalf(payload);
                    continue;
                }

                var (n, df) = (statistics.Documents, statistics.DocumentCounts[i]);
                var idf = Math.Log(1 + (n - df + 0.5) / (df + 0.5));
                sum += query.Weights[i] * idf * payload * (k1 + 1) / (payload + k1 * (1 - b + b * Math.Min(entry.Length, 65535) / average));
            }

            if (found)
                scores.Add(row, sum);
        }

        return scores;
    }

    /// <summary>Fails unless <paramref name="hits"/> are the best of <paramref name="k"/>, up to rounding.</summary>
    public void Check(SparseQuery query, int k, ReadOnlySpan<ScoredRow> hits, SparseStatistics? statistics = null)
    {
        var scores = Scores(query, statistics);
        hits.Length.ShouldBe(Math.Min(k, scores.Count));
        var best = scores.Values.OrderDescending().ToArray();
        var seen = new HashSet<int>();
        for (var i = 0; i < hits.Length; i++)
        {
            seen.Add(hits[i].Row).ShouldBeTrue();
            var allowed = 1e-4 * Math.Max(1e-3, best[i]);
            scores.ShouldContainKey(hits[i].Row);
            ((double)hits[i].Score).ShouldBe(scores[hits[i].Row], allowed);
            ((double)hits[i].Score).ShouldBe(best[i], allowed);
        }
    }

    private sealed record Entry(Dictionary<ulong, ushort> Terms, int Length, bool Visible);
}
