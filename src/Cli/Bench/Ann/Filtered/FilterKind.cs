namespace Rag.Cli.Bench.Ann.Filtered;

/// <summary>How what a filter accepts lies to a query.</summary>
internal enum FilterKind
{
    /// <summary>Rows at random, the same for all queries.</summary>
    Random,

    /// <summary>The rows nearest to a query; searched by the queries nearest to it.</summary>
    Correlated,

    /// <summary>The rows nearest to a pivot; searched by the queries farthest from it.</summary>
    Anticorrelated,
}
