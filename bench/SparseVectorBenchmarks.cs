using BenchmarkDotNet.Attributes;
using Rag.Engine.Indexing;
using Rag.Engine.Sparse;

namespace Rag.Benchmarks;

/// <summary>
/// Inner products of sparse vectors as learned encoders make them: 120 terms a passage and 30 a query of a vocabulary of
/// 30,000, terms drawn by Zipf's law, weights of 0 to 3, most of them small.
/// </summary>
[MemoryDiagnoser]
public class SparseVectorBenchmarks
{
    private const int Vocabulary = 30_000;

    private readonly ScoredRow[] _hits = new ScoredRow[10];
    private readonly ScoredRow[] _all = new ScoredRow[10_000];
    private SparseIndex _index = null!;
    private SparseQuery[] _queries = [];
    private int _next;

    [Params(10_000, 100_000)]
    public int Vectors { get; set; }

    [GlobalSetup]
    public void Build()
    {
        var random = new Random(1);
        var document = new SparseDocument();
        _index = new SparseIndex(new SparseIndexOptions());
        for (var row = 0; row < Vectors; row++)
        {
            document.Clear();
            foreach (var (term, weight) in Vector(random, 120))
                document.AddWeight(term, weight);
            _index.Add(row, document);
            _index.Show(row);
        }

        _index.Flush();
        _queries = [.. Enumerable.Range(0, 200).Select(_ => SparseQuery.FromVector([.. Vector(random, 30)]))];
    }

    [Benchmark(Baseline = true)]
    public int BestTen() => Search(_hits);

    /// <summary>So many hits that next to nothing can be skipped.</summary>
    [Benchmark]
    public int BestTenThousand() => Search(_all);

    private int Search(ScoredRow[] hits) =>
        _index.Search(_queries[_next++ % _queries.Length], null, default(AllRows), hits, out _);

    private static Dictionary<uint, float> Vector(Random random, int terms)
    {
        var vector = new Dictionary<uint, float>(terms);
        while (vector.Count < terms)
            vector.TryAdd((uint)Math.Pow(Vocabulary, random.NextDouble()), 3 * (float)Math.Pow(random.NextDouble(), 3) + 1e-3f);
        return vector;
    }
}
