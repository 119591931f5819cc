namespace Rag.Engine.Indexing;

/// <summary>
/// What pool sizes give on this index, by the kind of search. Immutable; readers take it from one volatile field.
/// </summary>
/// <param name="Open">Without a filter.</param>
/// <param name="Filtered">Among accepted rows that lie around the query as everywhere.</param>
/// <param name="Outside">Among accepted rows that lie away from the query, which looks at them from outside: many are
/// about as near, and they do not lead to each other.</param>
internal sealed record RecallCurves(RecallTable Open, RecallTable Filtered, RecallTable Outside)
{
    /// <summary>Before anything was measured.</summary>
    public static readonly RecallCurves Unmeasured =
        new(RecallTable.Unmeasured, RecallTable.Unmeasured.Scaled(2), RecallTable.Unmeasured.Scaled(8));

    /// <summary>Of an index that knows what open searches give only.</summary>
    public static RecallCurves Of(RecallTable open) => new(open, open.Scaled(2), open.Scaled(8));
}
