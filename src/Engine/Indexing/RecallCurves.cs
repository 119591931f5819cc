namespace Rag.Engine.Indexing;

/// <summary>
/// What pool sizes give on this index, by the kind of search. Immutable; readers take it from one volatile field.
/// </summary>
/// <param name="Open">Without a filter.</param>
/// <param name="Filtered">Among accepted rows that lie around the query as everywhere.</param>
internal sealed record RecallCurves(RecallTable Open, RecallTable Filtered)
{
    /// <summary>The share of rows that <see cref="Filtered"/> is measured behind.</summary>
    public const double FilteredShare = 1 / 16.0;

    /// <summary>Before anything was measured.</summary>
    public static readonly RecallCurves Unmeasured = Of(RecallTable.Unmeasured);

    /// <summary>Of an index that knows what open searches give only.</summary>
    public static RecallCurves Of(RecallTable open) => new(open, open.Scaled(2));
}
