namespace Rag.Engine.Slices;

/// <summary>
/// The list of a document's rows, through the row table, newest first. The writer links and unlinks; readers walk it
/// inside the epoch and may stand on a row that is just being unlinked: its own link stays as it is.
/// </summary>
internal static class RowLinks
{
    public static void Link(Slice slice, int row, int document)
    {
        var columns = slice.Rows.Columns;
        var head = slice.Documents.Head(document);
        columns.Documents[row] = document;
        columns.Next[row] = head;
        columns.Previous[row] = -1;
        if (head >= 0)
            columns.Previous[head] = row;
        slice.Documents.SetHead(document, row);
    }

    /// <summary>Takes a row out of its document's list; a staged row is in none. True if the list is empty
    /// now.</summary>
    public static bool Unlink(Slice slice, int row)
    {
        var columns = slice.Rows.Columns;
        var document = columns.Documents[row];
        var (previous, next) = (columns.Previous[row], columns.Next[row]);
        if (previous >= 0)
            Volatile.Write(ref columns.Next[previous], next);
        else if (slice.Documents.Head(document) == row)
            slice.Documents.SetHead(document, next);
        if (next >= 0)
            columns.Previous[next] = previous;
        return slice.Documents.Head(document) < 0;
    }

    /// <summary>Marks a row as one that is in no list.</summary>
    public static void Detach(Slice slice, int row, int document)
    {
        var columns = slice.Rows.Columns;
        columns.Documents[row] = document;
        columns.Next[row] = -1;
        columns.Previous[row] = -1;
    }
}
