using BenchmarkDotNet.Attributes;
using Rag.Engine.Indexing;

namespace Rag.Benchmarks;

/// <summary>Adding to a graph of 20,000 × 384, and replacing a row in it.</summary>
[MemoryDiagnoser]
public class InsertBenchmarks
{
    private const int Dimension = 384;
    private const int Start = 20_000;

    private float[] _vectors = [];
    private VectorIndex _index = null!;
    private int _next;

    [GlobalSetup]
    public void Setup()
    {
        _vectors = BenchmarkVectors.Make(Start, Dimension, seed: 3);
        _index = BenchmarkVectors.Filled(Start, Dimension, graph: true);
        _next = Start;
    }

    [Benchmark]
    public void Add() => _index.Add(_next++, Vector(_next));

    [Benchmark]
    public void Replace()
    {
        var row = _next++ % Start;
        _index.Remove(row);
        _index.Add(row, Vector(_next));
    }

    private ReadOnlySpan<float> Vector(int row) => _vectors.AsSpan(row % Start * Dimension, Dimension);
}
