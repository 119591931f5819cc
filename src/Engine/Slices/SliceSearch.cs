using System.Buffers;
using System.Diagnostics;
using Rag.Engine.Filters;
using Rag.Engine.Indexing;

namespace Rag.Engine.Slices;

/// <summary>
/// Searches one vector space of a slice, or its texts: filter to a bitmap, index, ties by key, threshold. Synchronous and without
/// allocation but for the answer. Inside the epoch.
/// </summary>
internal static class SliceSearch
{
    // Room for ties behind the kth hit; more is asked for only if they do not fit.
    private const int TieRoom = 8;

    // A graph finds ties only by walking: more than this many behind k are cut arbitrarily.
    private const int MaxGraphTies = 16_384;

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
        if (query.Filter is null)
        {
            return Search(slice, search, query, reader, new VisibleRows(columns.Stamps, at), -1,
                new Moment(stamp, settingsVersion, columns, begin, begin));
        }

        using var accepted =
            FilterEvaluator.Evaluate(query.Filter, slice.Metadata, Math.Min(slice.Rows.Limit, columns.Capacity));
        return Search(slice, search, query, reader, new VisibleRowsIn(columns.Stamps, at, accepted), accepted.Count,
            new Moment(stamp, settingsVersion, columns, begin, Stopwatch.GetTimestamp()));
    }

    private static SearchAnswer Search<TSearch, TFilter>(
        Slice slice, TSearch search, SearchQuery query, ChunkReader reader, TFilter filter, int accepted,
        Moment moment)
        where TSearch : struct, IRowSearch
        where TFilter : struct, IRowFilter
    {
        var rows = Math.Max(1, accepted >= 0 ? Math.Min(accepted, search.Limit) : search.Limit);
        var wanted = Math.Min(query.K, rows);
        var room = Math.Min(wanted + TieRoom, rows);
        var hits = ArrayPool<ScoredRow>.Shared.Rent(room);
        try
        {
            int found;
            SearchCounters counters;
            while (true)
            {
                found = search.Search(filter, accepted, hits.AsSpan(0, room), out counters);
                // Ties of the kth hit are complete once something worse follows, or nothing at all.
                if (found < room || found <= wanted || hits[found - 1].Score < hits[wanted - 1].Score
                    || room == rows || (counters.Ef > 0 && room - wanted >= MaxGraphTies))
                    break;
                room = (int)Math.Min(rows, wanted + (room - wanted) * 4L);
                ArrayPool<ScoredRow>.Shared.Return(hits);
                hits = ArrayPool<ScoredRow>.Shared.Rent(room);
            }

            SortTies(slice, moment.Columns, hits.AsSpan(0, found));
            found = Math.Min(found, wanted);
            if (query.ScoreThreshold is { } threshold)
            {
                while (found > 0 && !(hits[found - 1].Score >= threshold))
                    found--;
            }

            return Answer(slice, query, reader, hits.AsSpan(0, found), moment, counters);
        }
        finally
        {
            ArrayPool<ScoredRow>.Shared.Return(hits);
        }
    }

    // Hits come best first; only runs of equal scores are put in order here.
    private static void SortTies(Slice slice, RowColumns columns, Span<ScoredRow> hits)
    {
        for (var start = 0; start < hits.Length;)
        {
            var end = start + 1;
            while (end < hits.Length && hits[end].Score == hits[start].Score)
                end++;
            if (end - start > 1)
                hits[start..end].Sort(new ByKey(slice, columns));
            start = end;
        }
    }

    private static SearchAnswer Answer(
        Slice slice, SearchQuery query, ChunkReader reader, ReadOnlySpan<ScoredRow> rows, Moment moment,
        SearchCounters counters)
    {
        var searched = Stopwatch.GetTimestamp();
        var hits = new SearchHit[rows.Length];
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
        ulong Stamp, ulong SettingsVersion, RowColumns Columns, long Begin, long Filtered);

    private readonly struct ByKey(Slice slice, RowColumns columns) : IComparer<ScoredRow>
    {
        public int Compare(ScoredRow left, ScoredRow right) =>
            slice.Keys.Read(columns.Keys[left.Row]).CompareTo(slice.Keys.Read(columns.Keys[right.Row]));
    }
}
