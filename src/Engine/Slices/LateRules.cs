using System.Numerics;
using Rag.Engine.Filters;

namespace Rag.Engine.Slices;

/// <summary>
/// What a mutation may still do that comes later than its place: the highest version wins, that of deletes included.
/// Mutations that come in their place are bound by none of this.
/// </summary>
internal static class LateRules
{
    /// <summary>Whether a chunk has a higher version already, alive or deleted.</summary>
    /// <param name="former">Its living row, −1 if it has none.</param>
    public static bool IsOutdated(
        RowWriter rows, in RecordBody body, ReadOnlySpan<byte> documentId, ReadOnlySpan<byte> chunkId, int former)
    {
        if (!body.IsLate)
            return false;
        if (former >= 0 && rows.Slice.Rows.Columns.Versions[former] >= body.Stamp)
            return true;
        return rows.Slice.Tombstones.CoversChunk(documentId, chunkId, body.Stamp)
            || VersionOf(rows.Slice, documentId) > body.Stamp;
    }

    /// <summary>Whether a document was committed or deleted at a higher version already.</summary>
    public static bool IsOutdated(RowWriter rows, in RecordBody body, ReadOnlySpan<byte> documentId) => body.IsLate
        && (rows.Slice.Tombstones.CoversDocument(documentId, body.Stamp)
            || VersionOf(rows.Slice, documentId) > body.Stamp);

    /// <summary>Whether a delete must leave a row alone.</summary>
    public static bool IsNewer(RowWriter rows, in RecordBody body, int row) =>
        body.IsLate && rows.Slice.Rows.Columns.Versions[row] >= body.Stamp;

    /// <summary>Kills what a late mutation brought and a later delete by filter would have taken.</summary>
    public static void KillFiltered(RowWriter rows, in RecordBody body)
    {
        if (!body.IsLate)
            return;
        var slice = rows.Slice;
        var filters = slice.Tombstones.FiltersSince(body.Stamp).ToList();
        // Filters by words look into the index of texts.
        if (filters.Count > 0)
            rows.Flush();
        foreach (var filter in filters)
        {
            using var accepted = FilterEvaluator.Evaluate(filter, slice.Filterable, slice.Rows.Limit);
            var words = accepted.Words;
            for (var i = 0; i < words.Length; i++)
            {
                for (var word = words[i]; word != 0; word &= word - 1)
                {
                    var row = (i << 6) + BitOperations.TrailingZeroCount(word);
                    if (slice.Rows.Columns.Versions[row] == body.Stamp
                        && RowStamps.IsAlive(slice.Rows.Columns.Stamps[row]))
                        rows.Kill(row);
                }
            }
        }
    }

    private static ulong VersionOf(Slice slice, ReadOnlySpan<byte> documentId)
    {
        var document = slice.FindDocument(documentId);
        return document < 0 ? 0 : slice.Documents.State(document)?.Version ?? 0;
    }
}
