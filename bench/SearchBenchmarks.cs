using BenchmarkDotNet.Attributes;
using Rag.Engine.Indexing;

namespace Rag.Benchmarks;

/// <summary>One search, top 10 of 384 dimensions, re-ranked: by scan over a small index and by walk over a larger one.</summary>
[MemoryDiagnoser]
public class SearchBenchmarks
{
    private const int Dimension = 384;
    private const int Queries = 256;

    private static readonly OneIn Half = new(2);
    private static readonly OneIn Hundredth = new(100);

    private readonly ScoredRow[] _hits = new ScoredRow[10];
    private float[] _queries = [];
    private VectorIndex _scanned = null!;
    private VectorIndex _walked = null!;
    private int _next;

    [GlobalSetup]
    public void Setup()
    {
        _queries = BenchmarkVectors.Make(Queries, Dimension, seed: 2);
        _scanned = BenchmarkVectors.Filled(1_000, Dimension, graph: false);
        _walked = BenchmarkVectors.Filled(50_000, Dimension, graph: true);
    }

    [Benchmark]
    public int ScanOfThousand() => Search(_scanned, default(AllRows), -1);

    [Benchmark]
    public int WalkOfFiftyThousand() => Search(_walked, default(AllRows), -1);

    [Benchmark]
    public int WalkWithHalfAccepted() => Search(_walked, Half, 25_000);

    [Benchmark]
    public int OneInHundredAccepted() => Search(_walked, Hundredth, 500);

    private int Search<TFilter>(VectorIndex index, TFilter filter, int accepted)
        where TFilter : struct, IRowFilter
    {
        var query = _queries.AsSpan(_next++ % Queries * Dimension, Dimension);
        return index.Search(query, default, filter, accepted, _hits, out _);
    }

    /// <summary>A set of rows, as the store hands filters over.</summary>
    private readonly struct OneIn(int modulus) : IRowFilter
    {
        private readonly ulong[] _words = Words(modulus);

        public bool Accepts(int row) => (_words[row >> 6] >> row & 1) != 0;

        public int Next(int row) => row;

        public ReadOnlySpan<ulong> Bits => _words.AsSpan();

        private static ulong[] Words(int modulus)
        {
            var words = new ulong[(50_000 + 63) / 64];
            for (var row = 0; row < 50_000; row += modulus)
                words[row >> 6] |= 1UL << row;
            return words;
        }
    }
}
