namespace Rag.Cli.Evaluation;

/// <summary>What one evaluation measured.</summary>
/// <param name="Queries">Those with judgements.</param>
/// <param name="NdcgAt10">Linear gain, mean over queries.</param>
/// <param name="Map">To depth 1,000.</param>
/// <param name="QueriesPerSecond">One caller, one query after the other, ten hits each, embedding included.</param>
internal sealed record EvalResult(
    string Collection, string Mode, int Queries, double NdcgAt10, double Map, double RecallAt100,
    double QueriesPerSecond, double P50Ms, double P99Ms);
