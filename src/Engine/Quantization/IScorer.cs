namespace Rag.Engine.Quantization;

/// <summary>
/// Compares a bound query with coded rows. Distances are unsigned integers that order like the metric, smaller is
/// nearer, so that pools and graphs know no metric. A struct: the search loop is compiled once a scorer, calls inlined.
/// <para>
/// A scorer works in two stages, because memory is what a search waits for: <see cref="Bound"/> reads the first part of
/// a code, and only rows that may be near enough by it are read whole. A codec without such a part bounds by 0.
/// </para>
/// </summary>
internal interface IScorer
{
    /// <summary>Makes a vector from outside the query.</summary>
    void Bind(ReadOnlySpan<float> vector);

    /// <summary>Makes a stored row the query; distances between rows are comparable with each other.</summary>
    void Bind(int row);

    /// <summary>
    /// A distance that the row's own is not below, but for rare errors in the third decimal of recall. Rows must be
    /// below the limit that was read before the scorer was made.
    /// </summary>
    uint Bound(int row);

    /// <summary>Distance from the query to a row.</summary>
    uint Distance(int row);

    /// <summary>Starts to bring what <see cref="Bound"/> reads into the cache.</summary>
    void PrefetchBound(int row);

    /// <summary>Starts to bring what <see cref="Distance"/> reads besides into the cache.</summary>
    void PrefetchRest(int row);

    /// <summary>The largest coded distance of a row that may truly be as near as one at <paramref name="distance"/>.</summary>
    uint Doubtful(uint distance);

    /// <summary>
    /// Whether, for a node at distance <paramref name="toNode"/>, an edge to it is not needed because a kept neighbour
    /// lies at distance <paramref name="between"/> of it. Both come from bound rows.
    /// </summary>
    bool Occludes(uint between, uint toNode);
}
