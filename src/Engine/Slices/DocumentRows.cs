namespace Rag.Engine.Slices;

/// <summary>The rows of one document. Inside the epoch.</summary>
internal static class DocumentRows
{
    /// <summary>Adds the rows that are visible at an apply number, in no order.</summary>
    public static void Collect(Slice slice, int document, RowColumns columns, uint at, List<int> rows)
    {
        for (var row = slice.Documents.Head(document); row >= 0;)
        {
            if (row < columns.Capacity && RowStamps.IsVisible(columns.Stamps[row], at))
                rows.Add(row);
            // A row may have been linked after our arrays were taken: its link stands in those that are current now.
            row = Volatile.Read(ref slice.Rows.Columns.Next[row]);
        }
    }
}
