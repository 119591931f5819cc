namespace Rag.Engine.Quantization;

/// <summary>
/// Compares a bound query with coded rows. Distances are unsigned integers that order like the metric, smaller is
/// nearer, so that pools and graphs know no metric. A struct: the search loop is compiled once a scorer, calls inlined.
/// </summary>
internal interface IScorer
{
    /// <summary>Makes a vector from outside the query.</summary>
    void Bind(ReadOnlySpan<float> vector);

    /// <summary>Makes a stored row the query; distances between rows are comparable with each other.</summary>
    void Bind(int row);

    /// <summary>Distance from the query to a row below the limit that was read before the scorer was made.</summary>
    uint Distance(int row);

    /// <summary>Starts to bring a row's code into the cache.</summary>
    void Prefetch(int row);

    /// <summary>
    /// Whether, for a node at distance <paramref name="toNode"/>, an edge to it is not needed because a kept neighbour
    /// lies at distance <paramref name="between"/> of it. Both come from bound rows.
    /// </summary>
    bool Occludes(uint between, uint toNode);
}
