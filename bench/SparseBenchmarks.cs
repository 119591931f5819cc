using BenchmarkDotNet.Attributes;
using Rag.Engine.Indexing;
using Rag.Engine.Sparse;

namespace Rag.Benchmarks;

/// <summary>BM25 over made-up texts whose words are as uneven as a language's; queries of eight words.</summary>
[MemoryDiagnoser]
public class SparseBenchmarks
{
    private readonly ScoredRow[] _hits = new ScoredRow[10];
    private readonly ScoredRow[] _all = new ScoredRow[10_000];
    private SparseIndex _index = null!;
    private SparseQuery[] _queries = [];
    private int _next;

    [Params(10_000, 100_000)]
    public int Texts { get; set; }

    [GlobalSetup]
    public void Build()
    {
        var random = new Random(1);
        var analyzer = new TextAnalyzer(new AnalysisOptions { Language = AnalysisLanguage.None });
        var document = new SparseDocument();
        _index = new SparseIndex(new SparseIndexOptions());
        for (var row = 0; row < Texts; row++)
        {
            document.Clear();
            document.AddText(analyzer, Words(random, random.Next(40, 200)), 1);
            _index.Add(row, document);
            _index.Show(row);
        }

        _index.Flush();
        _queries = [.. Enumerable.Range(0, 200).Select(_ => SparseQuery.FromText(analyzer, Words(random, 8)))];
    }

    [Benchmark(Baseline = true)]
    public int BestTen() => Search(_hits);

    /// <summary>So many hits that next to nothing can be skipped.</summary>
    [Benchmark]
    public int BestTenThousand() => Search(_all);

    private int Search(ScoredRow[] hits) =>
        _index.Search(_queries[_next++ % _queries.Length], null, default(AllRows), hits, out _);

    // Zipf: the word of rank r is drawn about 1/r of the time.
    private static string Words(Random random, int count) => string.Join(' ',
        Enumerable.Range(0, count).Select(_ => $"w{(int)Math.Pow(200_000, random.NextDouble())}x"));
}
