using System.Text;
using Rag.Engine.Filters;
using Rag.Engine.Indexing;
using Rag.Engine.MultiVectors;

namespace Rag.Engine.Slices;

/// <summary>Reads of a slice other than searches. Synchronous; inside the epoch.</summary>
internal static class SliceReads
{
    public static StoredChunk?[] Get(Slice slice, IReadOnlyList<ChunkKey> keys, ReturnFields fields, ChunkReader reader)
    {
        var chunks = new StoredChunk?[keys.Count];
        var at = slice.Visible;
        Span<byte> document = stackalloc byte[StoreLimits.MaxIdBytes];
        Span<byte> chunk = stackalloc byte[StoreLimits.MaxIdBytes];
        for (var i = 0; i < chunks.Length; i++)
        {
            var row = slice.FindVisible(Utf8(keys[i].DocumentId, document), Utf8(keys[i].ChunkId, chunk), at);
            if (row >= 0)
                chunks[i] = reader.ReadChunk(slice, slice.Rows.Columns, row, fields);
        }

        return chunks;
    }

    /// <summary>Late interaction of a query with each chunk; null for one that is not there or has no
    /// multi-vector.</summary>
    public static void Score(
        Slice slice, ReadOnlySpan<ChunkKey> keys, byte[] query, ChunkReader reader, Span<float?> scores)
    {
        var vectors = MultiVectorCodec.Read(query);
        var at = slice.Visible;
        Span<byte> document = stackalloc byte[StoreLimits.MaxIdBytes];
        Span<byte> chunk = stackalloc byte[StoreLimits.MaxIdBytes];
        for (var i = 0; i < keys.Length; i++)
        {
            var row = slice.FindVisible(Utf8(keys[i].DocumentId, document), Utf8(keys[i].ChunkId, chunk), at);
            scores[i] = row >= 0 ? reader.ReadMaxSim(slice, slice.Rows.Columns, row, vectors) : null;
        }
    }

    public static ChunkPage List(Slice slice, ListRequest request, ChunkReader reader)
    {
        var documentId = request.DocumentId is null ? null : Encoding.UTF8.GetBytes(request.DocumentId);
        // One more than the page tells whether there is another one.
        var rows = new int[request.PageSize + 1];
        var (count, columns) = documentId is null
            ? ListAll(slice, request, rows)
            : ListDocument(slice, documentId, request, rows);
        var chunks = new StoredChunk[Math.Min(count, request.PageSize)];
        for (var i = 0; i < chunks.Length; i++)
            chunks[i] = reader.ReadChunk(slice, columns, rows[i], request.Fields);
        return new ChunkPage(chunks, count > request.PageSize ? chunks[^1].Key : null);
    }

    public static long Count(Slice slice, FilterExpression? filter, string? documentId)
    {
        if (filter is null && documentId is null)
            return slice.PublishedChunks;
        var at = slice.Visible;
        var columns = slice.Rows.Columns;
        var limit = Math.Min(slice.Rows.Limit, columns.Capacity);
        using var accepted = AcceptedBy(slice, filter, limit);
        if (documentId is null)
            return CountVisible(accepted, columns, at);
        var count = 0L;
        foreach (var row in RowsOf(slice, Encoding.UTF8.GetBytes(documentId), columns, at))
        {
            if (accepted.Contains(row))
                count++;
        }

        return count;
    }

    public static DocumentInfo? FindDocument(Slice slice, string documentId)
    {
        var id = Encoding.UTF8.GetBytes(documentId);
        var at = slice.Visible;
        var document = slice.FindDocument(id);
        if (document < 0)
            return null;
        var state = slice.Documents.State(document);
        var chunks = RowsOf(slice, id, slice.Rows.Columns, at).Count;
        return chunks == 0 && (state is null || state.Version == 0)
            ? null
            : new DocumentInfo(
                documentId, state?.Generation ?? default, PackedStamp.Unpack(state?.Version ?? 0), chunks);
    }

    private static (int Count, RowColumns Columns) ListAll(Slice slice, ListRequest request, Span<int> rows)
    {
        var (order, at) = slice.Order.Get(slice);
        var columns = slice.Rows.Columns;
        Span<byte> document = stackalloc byte[StoreLimits.MaxIdBytes];
        Span<byte> chunk = stackalloc byte[StoreLimits.MaxIdBytes];
        var after = request.After is { } key ? new KeySpan(Utf8(key.DocumentId, document), Utf8(key.ChunkId, chunk))
            : default;
        using var accepted = AcceptedBy(slice, request.Filter, Math.Min(slice.Rows.Limit, columns.Capacity));
        var filter = new VisibleRowsIn(columns.Stamps, at, accepted);
        return (KeyOrder.List(slice, order, at, after, request.After is not null, filter, rows), columns);
    }

    private static (int Count, RowColumns Columns) ListDocument(
        Slice slice, byte[] documentId, ListRequest request, Span<int> rows)
    {
        var at = slice.Visible;
        var columns = slice.Rows.Columns;
        using var accepted = AcceptedBy(slice, request.Filter, Math.Min(slice.Rows.Limit, columns.Capacity));
        var found = RowsOf(slice, documentId, columns, at);
        var kept = new List<int>(found.Count);
        Span<byte> document = stackalloc byte[StoreLimits.MaxIdBytes];
        Span<byte> chunk = stackalloc byte[StoreLimits.MaxIdBytes];
        var after = request.After is { } key ? new KeySpan(Utf8(key.DocumentId, document), Utf8(key.ChunkId, chunk))
            : default;
        foreach (var row in found)
        {
            if (accepted.Contains(row)
                && (request.After is null || slice.Keys.Read(columns.Keys[row]).CompareTo(after) > 0))
                kept.Add(row);
        }

        kept.Sort((left, right) => slice.Keys.Read(columns.Keys[left]).CompareTo(slice.Keys.Read(columns.Keys[right])));
        var count = Math.Min(kept.Count, rows.Length);
        for (var i = 0; i < count; i++)
            rows[i] = kept[i];
        return (count, columns);
    }

    private static List<int> RowsOf(Slice slice, ReadOnlySpan<byte> documentId, RowColumns columns, uint at)
    {
        var rows = new List<int>();
        var document = slice.FindDocument(documentId);
        if (document < 0)
            return rows;
        DocumentRows.Collect(slice, document, columns, at, rows);
        return rows;
    }

    private static RowBitmap AcceptedBy(Slice slice, FilterExpression? filter, int limit)
    {
        if (filter is not null)
            return FilterEvaluator.Evaluate(filter, slice.Filterable, limit);
        var all = RowBitmap.Rent(limit);
        all.Fill();
        return all;
    }

    private static long CountVisible(RowBitmap accepted, RowColumns columns, uint at)
    {
        var count = 0L;
        var words = accepted.Words;
        for (var i = 0; i < words.Length; i++)
        {
            for (var word = words[i]; word != 0; word &= word - 1)
            {
                if (RowStamps.IsVisible(
                    columns.Stamps[(i << 6) + System.Numerics.BitOperations.TrailingZeroCount(word)], at))
                    count++;
            }
        }

        return count;
    }

    private static ReadOnlySpan<byte> Utf8(string id, Span<byte> buffer) =>
        buffer[..Encoding.UTF8.GetBytes(id, buffer)];
}

/// <summary>What a list asks for, checked.</summary>
internal sealed record ListRequest(
    ChunkKey? After, int PageSize, string? DocumentId, FilterExpression? Filter, ReturnFields Fields);
