using System.Diagnostics;
using Rag.Engine.Filters;
using Rag.Engine.Indexing;
using Rag.Engine.Mutations;

namespace Rag.Engine.Slices;

/// <summary>
/// The plain search by a vector, whose hits go to a sink as they lie in the store: what <see cref="SliceSearch"/> and
/// <see cref="ChunkReader"/> do, without objects for hits. Inside the epoch.
/// </summary>
internal static class StoredHits
{
    private const ReturnFields ContentFields = ReturnFields.Text | ReturnFields.Metadata | ReturnFields.Attributes;

    public static VectorAnswer Find(
        Slice slice, VectorSearch search, in VectorQuery query, ChunkContents contents, IHitSink sink)
    {
        var begin = Stopwatch.GetTimestamp();
        // The stamp is older than the number, and the number older than the arrays, as in SliceSearch.
        var stamp = slice.Stamp;
        var at = slice.Visible;
        var columns = slice.Rows.Columns;
        var rows = Math.Max(1, search.Limit);
        var wanted = Math.Min(rows, query.K);
        var ranked = new RankedRows(slice, columns);
        try
        {
            var spare = search.TieRoom;
            while (true)
            {
                ranked.Fill(search, new VisibleRows(columns.Stamps, at), -1, (int)Math.Min(rows, wanted + (long)spare));
                if (ranked.IsSettled(wanted, rows))
                    break;
                spare = (int)Math.Min(rows, spare * 4L);
            }

            var searched = Stopwatch.GetTimestamp();
            var hits = ranked.Rows[..Math.Min(ranked.Count, wanted)];
            using var ahead = ChunkReader.Expect(contents, columns, hits, query.Return);
            foreach (var row in hits)
                Add(slice, columns, row, query.Return, contents, sink);
            return new VectorAnswer(
                PackedStamp.Unpack(stamp), Stopwatch.GetElapsedTime(begin, searched), Stopwatch.GetElapsedTime(searched));
        }
        finally
        {
            ranked.Dispose();
        }
    }

    private static void Add(
        Slice slice, RowColumns columns, ScoredRow row, ReturnFields fields, ChunkContents contents, IHitSink sink)
    {
        var parts = (fields & ContentFields) != 0 ? ChunkReader.ReadParts(contents, slice, columns, row.Row) : default;
        var key = slice.Keys.Read(columns.Keys[row.Row]);
        sink.Add(new StoredHit
        {
            DocumentId = key.DocumentId,
            ChunkId = key.ChunkId,
            Score = row.Score,
            Version = PackedStamp.Unpack(columns.Versions[row.Row]),
            Text = (fields & ReturnFields.Text) != 0 ? Content(parts.Text) : default,
            Attributes = (fields & ReturnFields.Attributes) != 0 ? Content(parts.Attributes) : default,
            Metadata = (fields & ReturnFields.Metadata) != 0 ? new StoredMetadata(parts.Metadata) : default,
        });
    }

    // What stands behind the length.
    private static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> prefixed) =>
        prefixed.IsEmpty ? default : new PayloadReader(prefixed).Bytes();
}
