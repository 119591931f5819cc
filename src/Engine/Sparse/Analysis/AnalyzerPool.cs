using System.Collections.Concurrent;

namespace Rag.Engine.Sparse;

/// <summary>Analyzers with their buffers, for one at a time. Thread-safe.</summary>
internal sealed class AnalyzerPool(AnalysisOptions options)
{
    // A writer and some searches; more are made as they are needed and not kept.
    private const int MaxKept = 8;

    private readonly ConcurrentBag<TextAnalyzer> _free = [];

    public AnalysisOptions Options => options;

    public TextAnalyzer Rent() => _free.TryTake(out var analyzer) ? analyzer : new TextAnalyzer(options);

    public void Return(TextAnalyzer analyzer)
    {
        if (_free.Count < MaxKept)
            _free.Add(analyzer);
    }
}
