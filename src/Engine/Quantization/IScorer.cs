namespace Rag.Engine.Quantization;

/// <summary>
/// Compares a bound query with coded rows. Distances are unsigned integers that order like the metric, smaller is
/// nearer, so that pools and graphs know no metric. A struct: the search loop is compiled once a scorer, calls inlined.
/// <para>
/// Rows come in batches, so that what they share is loaded once. A scorer works in two stages, because memory is what a
/// search waits for: <see cref="KeepNear"/> reads the first part of each code, and only rows that may be near enough by
/// it are read whole. A codec without such a part keeps them all.
/// </para>
/// </summary>
internal unsafe interface IScorer
{
    /// <summary>Makes a vector from outside the query.</summary>
    void Bind(ReadOnlySpan<float> vector);

    /// <summary>Makes a stored row the query; distances between rows are comparable with each other.</summary>
    void Bind(int row);

    /// <summary>Starts to bring what <see cref="KeepNear"/> reads of a row into the cache.</summary>
    void Prefetch(int row);

    /// <summary>
    /// Moves the rows that may be nearer than <paramref name="worst"/> to the front, in their order, and starts to bring
    /// the rest of their codes into the cache. A row that is nearer is missed rarely: errors in the third decimal of
    /// recall. Rows must be below the limit that was read before the scorer was made.
    /// </summary>
    /// <returns>How many were kept.</returns>
    int KeepNear(int* rows, int count, uint worst);

    /// <summary>Distances from the query to some rows.</summary>
    void Distances(int* rows, int count, uint* distances);

    /// <summary>Distance from the query to one row.</summary>
    uint Distance(int row);

    /// <summary>The largest coded distance of a row that may truly be as near as one at <paramref name="distance"/>.</summary>
    uint Doubtful(uint distance);

    /// <summary>
    /// Whether, for a node at distance <paramref name="toNode"/>, an edge to it is not needed because a kept neighbour
    /// lies at distance <paramref name="between"/> of it. Both come from bound rows.
    /// </summary>
    bool Occludes(uint between, uint toNode);
}
