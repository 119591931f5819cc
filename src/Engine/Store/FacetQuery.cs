using Rag.Engine.Filters;

namespace Rag.Engine;

/// <summary>What to count chunks by.</summary>
/// <param name="Key">The metadata key.</param>
/// <param name="Ranges">Ranges of numbers or times under that key; empty: count every string and truth value.</param>
public sealed record FacetQuery(string Key, IReadOnlyList<FilterExpression.Range> Ranges);

/// <summary>Counts of visible chunks that a filter accepts.</summary>
/// <param name="Count">All of them.</param>
/// <param name="Facets">One for each facet asked for.</param>
public sealed record FacetAnswer(long Count, IReadOnlyList<FacetCounts> Facets);

/// <summary>How many chunks have which values; a chunk with a list counts once for each different one.</summary>
/// <param name="Values">Every value that occurs, in no order; none for ranges.</param>
/// <param name="Ranges">A count for each range.</param>
public sealed record FacetCounts(IReadOnlyList<(MetadataValue Value, long Count)> Values, IReadOnlyList<long> Ranges);
