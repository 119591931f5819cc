using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Engine;
using Rag.Engine.Indexing;
using Rag.Engine.Storage;

namespace Rag.Benchmarks;

/// <summary>
/// Late interaction as a stage behind a search: 100 candidates of 100 token vectors each, scored anew by the vectors of a
/// query's tokens; int8 on both sides. Apart from each other: comparing alone, and with reading what was stored.
/// </summary>
[MemoryDiagnoser]
public class MaxSimBenchmarks
{
    private const int Candidates = 100;
    private const int Tokens = 100;

    private readonly string _folder = Directory.CreateTempSubdirectory("rag-bench-").FullName;
    private readonly SliceId _slice = new(Guid.CreateVersion7(), 0);
    private readonly byte[][] _passages = new byte[Candidates][];
    private ChunkKey[] _keys = [];
    private ShardStore _store = null!;
    private MultiVector _query = null!;
    private byte[] _encoded = [];

    /// <summary>Vectors of the query: a question of a dozen words, and ColBERT's padded one.</summary>
    [Params(16, 32)]
    public int QueryTokens { get; set; }

    /// <summary>Of the default model, and of ColBERT.</summary>
    [Params(384, 128)]
    public int Dimension { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _store = await ShardStore.OpenAsync(
            new StoreOptions { DataFolder = _folder }, NullLoggerFactory.Instance, TimeProvider.System, default);
        var settings = new WorkspaceSettings
        {
            Uid = _slice.WorkspaceUid, Version = 1,
            Spaces = [new VectorSpaceSettings { Dimension = 2, Metric = Metric.InnerProduct }],
        };
        await _store.PutSettingsAsync(_slice.Partition, settings, Guid.CreateVersion7(), default);
        _keys = [.. Enumerable.Range(0, Candidates).Select(i => ChunkKey.OfSingle($"{i}"))];
        for (var i = 0; i < Candidates; i++)
        {
            var tokens = new MultiVector(Dimension, BenchmarkVectors.Make(Tokens, Dimension, seed: i));
            _passages[i] = tokens.Encode();
            var chunk = new ChunkWrite { Key = _keys[i], Text = BenchmarkModel.Text(80), MultiVector = tokens };
            await _store.UpsertAsync(_slice, [chunk], Guid.CreateVersion7(), default);
        }

        _query = new MultiVector(Dimension, BenchmarkVectors.Make(QueryTokens, Dimension, seed: -1));
        _encoded = _query.Encode();
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Of vectors that are in memory in their stored form, as those that a model made are kept.</summary>
    [Benchmark(Baseline = true)]
    public float InMemory()
    {
        var sum = 0f;
        foreach (var passage in _passages)
            sum += MultiVector.Score(_encoded, passage);
        return sum;
    }

    /// <summary>Of vectors that chunks were written with: each is found by its key and read from the chunk log.</summary>
    [Benchmark]
    public async Task<float?> Stored() => (await _store.ScoreAsync(_slice, _keys, _query, default))[0];
}
