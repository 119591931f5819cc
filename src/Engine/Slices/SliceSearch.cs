using System.Diagnostics;
using System.Text;
using Rag.Engine.Filters;
using Rag.Engine.Indexing;

namespace Rag.Engine.Slices;

/// <summary>
/// Searches one vector space of a slice, or its texts: filter to a bitmap, index, ties by key, threshold. Synchronous and without
/// allocation but for the answer. Inside the epoch.
/// </summary>
internal static class SliceSearch
{
    public static SearchAnswer Run<TSearch>(Slice slice, TSearch search, SearchQuery query, ChunkReader reader)
        where TSearch : struct, IRowSearch
    {
        var begin = Stopwatch.GetTimestamp();
        // The stamp is older than the number, and the number older than the arrays: the answer may hold more than the
        // stamp promises, never less.
        var stamp = slice.Stamp;
        var settingsVersion = slice.Settings.Version;
        var at = slice.Visible;
        var columns = slice.Rows.Columns;
        if (query.Filter is null && query.Excluded.Count == 0)
        {
            return Search(slice, search, query, reader, new VisibleRows(columns.Stamps, at), -1,
                new Moment(stamp, settingsVersion, columns, at, begin, begin));
        }

        using var accepted = Accepted(slice, query, Math.Min(slice.Rows.Limit, columns.Capacity), at);
        return Search(slice, search, query, reader, new VisibleRowsIn(columns.Stamps, at, accepted), accepted.Count,
            new Moment(stamp, settingsVersion, columns, at, begin, Stopwatch.GetTimestamp()));
    }

    private static SearchAnswer Search<TSearch, TFilter>(
        Slice slice, TSearch search, SearchQuery query, ChunkReader reader, TFilter filter, int accepted,
        Moment moment)
        where TSearch : struct, IRowSearch
        where TFilter : struct, IRowFilter
    {
        var rows = Math.Max(1, accepted >= 0 ? Math.Min(accepted, search.Limit) : search.Limit);
        var ranked = new RankedRows(slice, moment.Columns);
        try
        {
            var first = 0;
            if (query.ChunksPerDocument > 0)
                DocumentGroups.Find(slice, moment.Columns, moment.At, search, filter, accepted, rows, query, ref ranked);
            else
                first = FindChunks(search, filter, accepted, rows, query, ref ranked);
            var most = query.ChunksPerDocument > 0 ? ranked.Count : query.K;
            var hits = ranked.Rows[first..Math.Min(ranked.Count, (int)Math.Min(int.MaxValue, first + (long)most))];
            if (query.ScoreThreshold is { } threshold)
            {
                while (hits.Length > 0 && !(hits[^1].Score >= threshold))
                    hits = hits[..^1];
            }

            return Answer(slice, query, reader, hits, moment, ranked.Counters);
        }
        finally
        {
            ranked.Dispose();
        }
    }

    // The best chunks; returns how many of them stand before the place to go on from.
    private static int FindChunks<TSearch, TFilter>(
        TSearch search, TFilter filter, int accepted, int rows, SearchQuery query, ref RankedRows ranked)
        where TSearch : struct, IRowSearch
        where TFilter : struct, IRowFilter
    {
        var wanted = (int)Math.Min(rows, query.K + (long)(query.After?.Rank ?? 0));
        var spare = search.TieRoom;
        var all = false;
        while (true)
        {
            ranked.Fill(search, filter, accepted, (int)Math.Min(rows, wanted + (long)spare), all);
            var first = query.After is { } place ? ranked.CountUntil(place) : 0;
            var end = (int)Math.Min(rows, first + (long)query.K);
            if (end <= wanted && ranked.IsSettled(wanted, rows))
            {
                // Whoever goes through all pages must not miss what a walk gave up on.
                if (all || query.After is null || !ranked.MayHaveMissed)
                    return first;
                all = true;
            }
            else if (end > wanted)
            {
                // More came before that place than had when it was given out.
                wanted = end;
            }
            else
            {
                spare = (int)Math.Min(rows, spare * 4L);
            }
        }
    }

    private static RowBitmap Accepted(Slice slice, SearchQuery query, int limit, uint at)
    {
        if (query.Filter is not null && query.Excluded.Count == 0)
            return slice.Filters.Get(query.Filter, slice.Filterable, limit);
        var accepted = RowBitmap.Rent(limit);
        accepted.Fill();
        if (query.Filter is not null)
        {
            using var rows = slice.Filters.Get(query.Filter, slice.Filterable, limit);
            accepted.Words[rows.Words.Length..].Clear();
            accepted.IntersectWith(rows);
        }

        foreach (var key in query.Excluded)
        {
            var row = slice.FindVisible(
                Encoding.UTF8.GetBytes(key.DocumentId), Encoding.UTF8.GetBytes(key.ChunkId), at);
            if (row >= 0 && row < limit)
                accepted.Words[row >> 6] &= ~(1UL << row);
        }

        return accepted;
    }

    private static SearchAnswer Answer(
        Slice slice, SearchQuery query, ChunkReader reader, ReadOnlySpan<ScoredRow> rows, Moment moment,
        SearchCounters counters)
    {
        var searched = Stopwatch.GetTimestamp();
        var hits = new SearchHit[rows.Length];
        using var ahead = reader.Expect(moment.Columns, rows, query.Return);
        for (var i = 0; i < hits.Length; i++)
            hits[i] = reader.ReadHit(slice, moment.Columns, rows[i], query.Return);
        return new SearchAnswer
        {
            Hits = hits,
            Stamp = PackedStamp.Unpack(moment.Stamp),
            SettingsVersion = moment.SettingsVersion,
            Work = new SearchWork(
                Stopwatch.GetElapsedTime(moment.Begin, moment.Filtered),
                Stopwatch.GetElapsedTime(moment.Filtered, searched),
                Stopwatch.GetElapsedTime(searched),
                (long)counters.Distances + counters.Reranked,
                counters.Ef == 0),
        };
    }

    /// <summary>What a search saw of the slice when it began, and when.</summary>
    private readonly record struct Moment(
        ulong Stamp, ulong SettingsVersion, RowColumns Columns, uint At, long Begin, long Filtered);
}
