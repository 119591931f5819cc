using Rag.Engine.Filters;
using Rag.Engine.Indexing;

namespace Rag.Engine.Slices;

/// <summary>
/// The best documents of a slice, by their best chunk, each with some of its best chunks. All chunks of a document are
/// in one slice, so what several slices find can be merged.
/// <code>
/// best rows, ever more of them, until they are of k documents ──► those documents' rows, all scored ──► n of each
/// </code>
/// </summary>
internal static class DocumentGroups
{
    private const int FirstRowsPerDocument = 4;

    /// <summary>Leaves the chunks of the best documents in <paramref name="ranked"/>, in the order of hits.</summary>
    /// <param name="rows">No search finds more rows than this.</param>
    public static void Find<TSearch, TFilter>(
        Slice slice, RowColumns columns, uint at, TSearch search, TFilter filter, int accepted, int rows,
        SearchQuery query, ref RankedRows ranked)
        where TSearch : struct, IRowSearch
        where TFilter : struct, IRowFilter
    {
        var heads = FindHeads(columns, search, filter, accepted, rows, query, ref ranked);
        if (query.ChunksPerDocument == 1 || heads.Count == 0)
        {
            ranked.Keep(heads.ToArray());
            return;
        }

        using var members = RowBitmap.Rent(Math.Min(slice.Rows.Limit, columns.Capacity));
        var count = 0;
        var found = new List<int>();
        foreach (var head in heads)
        {
            found.Clear();
            DocumentRows.Collect(slice, columns.Documents[head.Row], columns, at, found);
            foreach (var row in found)
            {
                if (!filter.Accepts(row) || members.Contains(row))
                    continue;
                members.Add(row);
                count++;
            }
        }

        ranked.Fill(search, new RowsIn<TFilter>(filter, members), count, Math.Max(1, count), all: true);
        ranked.Keep(BestOfEach(columns, ranked.Rows, query.ChunksPerDocument).ToArray());
    }

    private static List<ScoredRow> FindHeads<TSearch, TFilter>(
        RowColumns columns, TSearch search, TFilter filter, int accepted, int rows, SearchQuery query,
        ref RankedRows ranked)
        where TSearch : struct, IRowSearch
        where TFilter : struct, IRowFilter
    {
        var rank = query.After?.Rank ?? 0;
        var room = (int)Math.Min(rows, (rank + (long)query.K + 1) * FirstRowsPerDocument);
        var all = false;
        while (true)
        {
            ranked.Fill(search, filter, accepted, room, all);
            var (heads, end) = HeadsIn(columns, ranked, query);
            if (heads.Count >= query.K && ranked.IsSettled(end, rows))
                return heads;
            if (!all && ranked.MayHaveMissed)
            {
                // A walk that ended early knows too few documents: look at every row.
                all = true;
                continue;
            }

            if (ranked.IsSettled(ranked.Count, rows))
                return heads;
            room = (int)Math.Min(rows, room * 4L);
        }
    }

    // The first row of each document, behind the place asked for, and where the last of them stands.
    private static (List<ScoredRow> Heads, int End) HeadsIn(RowColumns columns, RankedRows ranked, SearchQuery query)
    {
        var heads = new List<ScoredRow>(Math.Min(query.K, ranked.Count));
        var seen = new HashSet<int>();
        var rows = ranked.Rows;
        for (var i = 0; i < rows.Length; i++)
        {
            if (!seen.Add(columns.Documents[rows[i].Row]))
                continue;
            if (query.After is { } place && !ranked.IsBehind(rows[i], place))
                continue;
            heads.Add(rows[i]);
            if (heads.Count == query.K)
                return (heads, i + 1);
        }

        return (heads, rows.Length);
    }

    private static List<ScoredRow> BestOfEach(RowColumns columns, ReadOnlySpan<ScoredRow> rows, int most)
    {
        var counts = new Dictionary<int, int>();
        var kept = new List<ScoredRow>();
        foreach (var row in rows)
        {
            var document = columns.Documents[row.Row];
            var count = counts.GetValueOrDefault(document);
            if (count == most)
                continue;
            counts[document] = count + 1;
            kept.Add(row);
        }

        return kept;
    }
}
