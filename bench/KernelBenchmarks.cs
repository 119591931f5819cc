using BenchmarkDotNet.Attributes;
using Rag.Engine.Kernels;

namespace Rag.Benchmarks;

/// <summary>Dot products and distances in the first cache, by element type and dimension.</summary>
[MemoryDiagnoser]
public class KernelBenchmarks
{
    private float[] _x = [];
    private float[] _y = [];
    private sbyte[] _codesX = [];
    private sbyte[] _codesY = [];

    [Params(100, 384, 1536)]
    public int Dimension { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _x = Array.ConvertAll(new float[Dimension], _ => (float)random.NextDouble() - 0.5f);
        _y = Array.ConvertAll(new float[Dimension], _ => (float)random.NextDouble() - 0.5f);
        _codesX = Array.ConvertAll(new sbyte[Dimension], _ => (sbyte)random.Next(-127, 128));
        _codesY = Array.ConvertAll(new sbyte[Dimension], _ => (sbyte)random.Next(-127, 128));
    }

    [Benchmark(Baseline = true)]
    public float FloatDot() => Similarity.Dot(_x, _y);

    [Benchmark]
    public float FloatSquaredL2() => Similarity.SquaredL2(_x, _y);

    [Benchmark]
    public float FloatCosine() => Similarity.Cosine(_x, _y);

    [Benchmark]
    public int Int8Dot() => Similarity.Dot(_codesX, _codesY);

    [Benchmark]
    public int Int8SquaredL2() => Similarity.SquaredL2(_codesX, _codesY);
}
