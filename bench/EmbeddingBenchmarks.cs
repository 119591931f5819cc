using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Embedding;
using Rag.Embedding.Full;
using Rag.Embedding.Lookup;

namespace Rag.Benchmarks;

/// <summary>
/// The lookup path and its parts, pooling, and one transformer call; an operation is one text of 200 tokens.
/// </summary>
[MemoryDiagnoser]
public class EmbeddingBenchmarks
{
    private const int Tokens = 200;
    private const int Dimension = 384;
    private const int Vocabulary = 30_522;

    private readonly float[] _vector = new float[Dimension];
    private readonly float[] _hidden = new float[Tokens * Dimension];
    private readonly PaddedBatch _batch = new();
    private readonly sbyte[] _rows = new sbyte[Vocabulary * Dimension];
    private readonly float[] _scales = new float[Vocabulary];
    private readonly int[] _ids = new int[Tokens];
    private Embedder _embedder = null!;
    private string[] _text = [];

    [GlobalSetup]
    public void Setup()
    {
        _embedder = Embedder.Load(
            new EmbedderOptions { ModelFolder = BenchmarkModel.Folder, QueryCacheBytes = 0 }, NullLoggerFactory.Instance);
        _text = [BenchmarkModel.Text(170)];
        var random = new Random(3);
        for (var i = 0; i < Tokens; i++)
            _ids[i] = random.Next(Vocabulary);
        _scales.AsSpan().Fill(.01f);
        _batch.Reset(1, Tokens, 0);
        _batch.SetRow(0, _ids);
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _embedder.DisposeAsync();

    [Benchmark(Baseline = true)]
    public void LookupWithTokenizer() =>
        _embedder.EncodePassagesAsync(_text, EncoderKind.Lookup, _vector, CancellationToken.None).GetAwaiter().GetResult();

    [Benchmark]
    public void BagOfRandomRows() => EmbeddingBag.Sum(_ids, _rows, _scales, _vector);

    [Benchmark]
    public void BagScalar() => EmbeddingBag.SumScalar(_ids, _rows, _scales, _vector, 0);

    [Benchmark]
    public void MeanPooling() => Pooling.Pool(_hidden, _batch, PoolingMode.Mean, _vector, Dimension);

    [Benchmark]
    public Task Transformer() =>
        _embedder.EncodePassagesAsync(_text, EncoderKind.Full, _vector, CancellationToken.None);
}
