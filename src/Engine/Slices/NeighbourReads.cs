using System.Text;

namespace Rag.Engine.Slices;

/// <summary>Reads what stands around chunks in their documents. Synchronous; inside the epoch.</summary>
internal static class NeighbourReads
{
    /// <summary>
    /// For each key the chunks of its document just before and behind it, in the order of chunk ids; none where the key
    /// is not there. All of one moment.
    /// </summary>
    public static ChunkNeighbours[] Read(
        Slice slice, IReadOnlyList<ChunkKey> keys, int count, ReturnFields fields, ChunkReader reader)
    {
        var at = slice.Visible;
        var columns = slice.Rows.Columns;
        // Hits are often of the same few documents.
        var documents = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        var answers = new ChunkNeighbours[keys.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            if (!documents.TryGetValue(keys[i].DocumentId, out var rows))
                documents.Add(keys[i].DocumentId, rows = RowsOf(slice, keys[i].DocumentId, columns, at));
            var place = Find(slice, columns, rows, keys[i].ChunkId);
            answers[i] = place < 0
                ? new ChunkNeighbours([], [])
                : new ChunkNeighbours(
                    ReadRange(slice, columns, rows, Math.Max(0, place - count), place, fields, reader),
                    ReadRange(slice, columns, rows, place + 1, Math.Min(rows.Count, place + 1 + count), fields, reader));
        }

        return answers;
    }

    private static List<int> RowsOf(Slice slice, string documentId, RowColumns columns, uint at)
    {
        var rows = new List<int>();
        var document = slice.FindDocument(Encoding.UTF8.GetBytes(documentId));
        if (document < 0)
            return rows;
        DocumentRows.Collect(slice, document, columns, at, rows);
        rows.Sort((left, right) => slice.Keys.Read(columns.Keys[left]).CompareTo(slice.Keys.Read(columns.Keys[right])));
        return rows;
    }

    private static int Find(Slice slice, RowColumns columns, List<int> rows, string chunkId)
    {
        var id = Encoding.UTF8.GetBytes(chunkId);
        var (low, high) = (0, rows.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = slice.Keys.Read(columns.Keys[rows[middle]]).ChunkId.SequenceCompareTo(id);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return -1;
    }

    private static StoredChunk[] ReadRange(
        Slice slice, RowColumns columns, List<int> rows, int start, int end, ReturnFields fields, ChunkReader reader)
    {
        var chunks = new StoredChunk[end - start];
        for (var i = 0; i < chunks.Length; i++)
            chunks[i] = reader.ReadChunk(slice, columns, rows[start + i], fields);
        return chunks;
    }
}
