namespace Rag.Cli.Evaluation;

/// <summary>What one evaluation measured.</summary>
/// <param name="Queries">Those with judgements.</param>
/// <param name="NdcgAt10">Linear gain, mean over queries.</param>
/// <param name="Map">To depth 1,000, or of what was scored anew.</param>
/// <param name="RecallAt100">The same holds for it.</param>
/// <param name="QueriesPerSecond">
/// One caller, one query after the other, embedding included; ten hits each, or all that were scored anew.
/// </param>
internal sealed record EvalResult(
    string Collection, string Mode, int Queries, double NdcgAt10, double Map, double RecallAt100,
    double QueriesPerSecond, double P50Ms, double P99Ms)
{
    /// <summary>The model of late interaction; null where there was none.</summary>
    public string? Late { get; init; }

    /// <summary>The cross-encoder; null where there was none.</summary>
    public string? Rerank { get; init; }

    /// <summary>How many hits of each query these scored; null where neither did.</summary>
    public int? Reranked { get; init; }
}
