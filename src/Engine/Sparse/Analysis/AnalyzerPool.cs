using System.Collections.Concurrent;

namespace Rag.Engine.Sparse;

/// <summary>Analyzers with their buffers, for one at a time. One pool for all indexes of like analysis.
/// Thread-safe.</summary>
internal sealed class AnalyzerPool
{
    // Some writers and searches; more are made as they are needed and not kept.
    private const int MaxKept = 16;

    // Options have a handful of values.
    private static readonly ConcurrentDictionary<AnalysisOptions, AnalyzerPool> Pools = new();

    private readonly ConcurrentBag<TextAnalyzer> _free = [];

    private AnalyzerPool(AnalysisOptions options) => Options = options;

    public AnalysisOptions Options { get; }

    public static AnalyzerPool For(AnalysisOptions options) =>
        Pools.GetOrAdd(options, static options => new AnalyzerPool(options));

    public TextAnalyzer Rent() => _free.TryTake(out var analyzer) ? analyzer : new TextAnalyzer(Options);

    public void Return(TextAnalyzer analyzer)
    {
        if (_free.Count < MaxKept)
            _free.Add(analyzer);
    }
}
