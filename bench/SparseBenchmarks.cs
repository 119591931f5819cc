using Rag.Engine.Sparse;

namespace Rag.Benchmarks;

/// <summary>BM25 over made-up texts whose words are as uneven as a language's; queries of eight words.</summary>
public class SparseBenchmarks : SparseIndexBenchmarks
{
    private readonly TextAnalyzer _analyzer = new(new AnalysisOptions { Language = AnalysisLanguage.None });

    private protected override void Fill(SparseDocument document, Random random) =>
        document.AddText(_analyzer, Words(random, random.Next(40, 200)), 1);

    private protected override SparseQuery Query(Random random) => SparseQuery.FromText(_analyzer, Words(random, 8));

    // Zipf: the word of rank r is drawn about 1/r of the time.
    private static string Words(Random random, int count) => string.Join(' ',
        Enumerable.Range(0, count).Select(_ => $"w{(int)Math.Pow(200_000, random.NextDouble())}x"));
}
