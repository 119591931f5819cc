using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Embedding;
using Rag.Engine;
using Rag.Engine.Storage;
using Rag.Shard.Mapping;
using Rag.Shard.Refinement;
using Rag.Testing;
using Rag.Tokenization;
using Rag.V1;
using ChunkKey = Rag.Engine.ChunkKey;
using ChunkWrite = Rag.Engine.ChunkWrite;

namespace Rag.Shard.Tests;

/// <summary>A refiner on a store in a temporary folder, with a model that is told what to do and a clock of its own.</summary>
internal sealed class RefinementFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HashSet<int> _others = [];

    public FakeModel Model { get; } = new();

    public FakeTime Time { get; } = new();

    public ShardStore Store { get; private set; } = null!;

    public SearchActivity Searches { get; private set; } = null!;

    public RefinementLedger Ledger { get; private set; } = null!;

    public Refiner Refiner { get; private set; } = null!;

    public RefinementOptions Options { get; init; } = new() { BatchChunks = 4, TurnChunks = 8, MaxCpuShare = 1 };

    public async Task OpenAsync()
    {
        Store = await ShardStore.OpenAsync(
            new StoreOptions { DataFolder = _folder.Path, MaintenanceInterval = TimeSpan.FromMilliseconds(50) },
            NullLoggerFactory.Instance, TimeProvider.System, TestContext.Current.CancellationToken);
        Searches = new SearchActivity(Time);
        Ledger = new RefinementLedger(Time);
        var models = new Models(Model);
        Refiner = new Refiner(
            Store, new RefinementPlan(Store, new Duty(_others), models), new RefinementSchedule(Searches), models,
            Searches, Ledger, new RefinementMetrics(Ledger), Options, new BackgroundWorkers(1), Time, NullLogger<Refiner>.Instance);
    }

    public async Task RestartAsync()
    {
        await Store.DisposeAsync();
        await OpenAsync();
    }

    /// <summary>Leaves a partition to another replica.</summary>
    public void LeaveToOthers(int partition) => _others.Add(partition);

    public async Task<SliceId> CreateAsync(
        EmbeddingIngest ingest = EmbeddingIngest.FastThenRefine, int partition = 0, Guid? uid = null, long version = 1,
        VectorSpace? target = null)
    {
        var slice = new SliceId(uid ?? Guid.NewGuid(), partition);
        var workspace = new Workspace
        {
            Name = "w", Uid = slice.WorkspaceUid.ToString(), Version = version, State = V1.WorkspaceState.Active,
            Spaces = { new VectorSpace { Dimension = FakeModel.Size, Model = "fake", Metric = V1.Metric.L2 } },
            Embedding = new EmbeddingSettings { Ingest = ingest },
            ModelChange = target is null ? null : new ModelChange { Target = target },
        };
        await Store.PutSettingsAsync(partition, SettingsMapping.ToEngine(workspace), Guid.CreateVersion7(), Deadline.Token);
        return slice;
    }

    /// <summary>Writes chunks with lookup vectors; their texts are their ids.</summary>
    public Task<UpsertOutcome> WriteAsync(SliceId slice, params string[] ids) => Store.UpsertAsync(
        slice,
        [
            .. ids.Select(id => new ChunkWrite
            {
                Key = ChunkKey.OfSingle(id), Text = id,
                Vectors = [new SpaceVector("", FakeModel.VectorOf(id, -1), VectorEncoder.Lookup)],
            }),
        ],
        Guid.CreateVersion7(), Deadline.Token);

    /// <summary>Takes turns until there is nothing to do.</summary>
    public async Task RefineAllAsync()
    {
        for (var turn = 0; await Refiner.TakeTurnAsync(Deadline.Token); turn++)
            turn.ShouldBeLessThan(1000);
    }

    public async Task<(long Full, long Lookup)> CountAsync(SliceId slice, string space = "")
    {
        var statistics = await Store.GetStatisticsAsync(slice, Deadline.Token);
        var counts = statistics.Spaces.Single(one => one.Name == space);
        return (counts.RefinedVectors, counts.LookupVectors);
    }

    public static CancellationTokenSource Deadline => new(TimeSpan.FromSeconds(60));

    public async ValueTask DisposeAsync()
    {
        Refiner.Dispose();
        await Store.DisposeAsync();
        _folder.Dispose();
    }

    private sealed class Duty(HashSet<int> others) : IRefinementDuty
    {
        public bool IsOurs(int partition) => !others.Contains(partition);
    }

    private sealed class Models(FakeModel model) : IRefinementModels
    {
        public IEmbedder? Find(string name) => name == "fake" ? model : null;
    }
}

/// <summary>A clock that stands until it is moved.</summary>
internal sealed class FakeTime : TimeProvider
{
    private long _ticks = TimeSpan.FromDays(1).Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public void Move(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}

/// <summary>A model whose vectors tell text and encoder, and that can be made to fail or to do something first.</summary>
internal sealed class FakeModel : IEmbedder
{
    public const int Size = 3;

    public ModelInfo Model { get; } = new()
    {
        Name = "fake", Folder = "-", Dimension = Size, MaxTokens = 100, Pooling = PoolingMode.Mean, Normalize = false,
        Bytes = 1, FullGraph = "-", LookupTable = "-",
    };

    public ITokenizer Tokenizer => throw new NotSupportedException();

    public List<string> Embedded { get; } = [];

    /// <summary>What it says that a batch took of the processor.</summary>
    public TimeSpan Used { get; set; }

    public Func<IReadOnlyList<string>, Task> Before { get; set; } = _ => Task.CompletedTask;

    public static float[] VectorOf(string text, float encoder) => [text.Length, text.Length == 0 ? 0 : text[^1], encoder];

    public ValueTask<ReadOnlyMemory<float>> EncodeQueryAsync(
        string text, EncoderKind encoder, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<EncodedQuery> EncodeQueryAsync(
        string text, TimeSpan timeLeft, bool fallsBack, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task EncodePassagesAsync(
        IReadOnlyList<string> texts, EncoderKind encoder, Memory<float> destination,
        CancellationToken cancellationToken) => throw new NotSupportedException();

    public async Task<TimeSpan> EncodeBackgroundAsync(
        IReadOnlyList<string> texts, EncoderKind encoder, Memory<float> destination, CancellationToken cancellationToken)
    {
        await Before(texts);
        for (var i = 0; i < texts.Count; i++)
            VectorOf(texts[i], 1).CopyTo(destination[(i * Size)..]);
        Embedded.AddRange(texts);
        return Used;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
