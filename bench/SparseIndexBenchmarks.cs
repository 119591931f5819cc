using BenchmarkDotNet.Attributes;
using Rag.Engine.Indexing;
using Rag.Engine.Sparse;

namespace Rag.Benchmarks;

/// <summary>Searches of an inverted index of so many made-up documents; what they hold is up to the one that derives.</summary>
[MemoryDiagnoser]
public abstract class SparseIndexBenchmarks
{
    private const int Queries = 200;

    private readonly ScoredRow[] _hits = new ScoredRow[10];
    private readonly ScoredRow[] _all = new ScoredRow[10_000];
    private SparseIndex _index = null!;
    private SparseQuery[] _queries = [];
    private int _next;

    [Params(10_000, 100_000)]
    public int Documents { get; set; }

    [GlobalSetup]
    public void Build()
    {
        var random = new Random(1);
        var document = new SparseDocument();
        _index = new SparseIndex(new SparseIndexOptions());
        for (var row = 0; row < Documents; row++)
        {
            document.Clear();
            Fill(document, random);
            _index.Add(row, document);
            _index.Show(row);
        }

        _index.Flush();
        _queries = [.. Enumerable.Range(0, Queries).Select(_ => Query(random))];
    }

    [Benchmark(Baseline = true)]
    public int BestTen() => Search(_hits);

    /// <summary>So many hits that next to nothing can be skipped.</summary>
    [Benchmark]
    public int BestTenThousand() => Search(_all);

    /// <summary>Puts the terms of one document into an empty one.</summary>
    private protected abstract void Fill(SparseDocument document, Random random);

    /// <summary>One query.</summary>
    private protected abstract SparseQuery Query(Random random);

    private int Search(ScoredRow[] hits) =>
        _index.Search(_queries[_next++ % _queries.Length], null, default(AllRows), hits, out _);
}
