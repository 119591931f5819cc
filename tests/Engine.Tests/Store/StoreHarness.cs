using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Engine.Indexing;
using Rag.Engine.Storage;
using Rag.Testing;

namespace Rag.Engine.Tests.Store;

/// <summary>A store in a temporary folder that can be closed and opened again.</summary>
internal sealed class StoreHarness : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly IStorageFileSystem _files;
    private ShardStore? _store;

    private StoreHarness(IStorageFileSystem? files, Func<StoreOptions, StoreOptions>? configure, TimeProvider? time)
    {
        _files = files ?? new FailingFiles();
        Time = time ?? TimeProvider.System;
        Options = new StoreOptions
        {
            DataFolder = _folder.Combine("data"),
            MutationLogMemoryBytes = 4 << 20,
            ChunkLogMemoryBytes = 4 << 20,
            LogSegmentBytes = 4 << 20,
            FreeSpaceReserveBytes = 1 << 20,
            MaintenanceInterval = TimeSpan.FromHours(1),
        };
        if (configure is not null)
            Options = configure(Options);
    }

    public StoreOptions Options { get; set; }

    public TimeProvider Time { get; }

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    public string Folder => Options.DataFolder;

    public ShardStore Store => _store ?? throw new InvalidOperationException("The store is closed.");

    public static async Task<StoreHarness> OpenAsync(
        IStorageFileSystem? files = null, Func<StoreOptions, StoreOptions>? configure = null, TimeProvider? time = null)
    {
        var harness = new StoreHarness(files, configure, time);
        await harness.OpenStoreAsync();
        return harness;
    }

    public async Task OpenStoreAsync() =>
        _store = await ShardStore.OpenAsync(Options, _files, Loggers, Time, TestContext.Current.CancellationToken);

    public async Task CloseAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
        _store = null;
    }

    public async Task ReopenAsync()
    {
        await CloseAsync();
        await OpenStoreAsync();
    }

    /// <summary>
    /// Goes on as if the process had been killed now: with a copy of what its files hold, and nothing of its memory.
    /// </summary>
    public async Task CrashAsync()
    {
        var copy = _folder.Combine($"data-{Guid.NewGuid():N}");
        foreach (var file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(file) == "lock")
                continue;
            var target = Path.Combine(copy, Path.GetRelativePath(Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        var old = Folder;
        await CloseAsync();
        Directory.Delete(old, recursive: true);
        Options = Options with { DataFolder = copy };
        await OpenStoreAsync();
    }

    /// <summary>Snapshots a slice and puts it to sleep.</summary>
    public async Task UnloadAsync(SliceId slice)
    {
        var entry = Store.Parts.Catalog.Find(slice)!;
        await Store.Parts.Snapshotter.SnapshotAsync(entry, default);
        lock (entry)
        {
            entry.IsDirty.ShouldBeFalse();
            Store.Parts.Catalog.Unload(entry);
        }
    }

    public Guid NewId() => Guid.CreateVersion7(Time.GetUtcNow());

    /// <summary>Makes a workspace with one default space.</summary>
    public async Task<SliceId> CreateAsync(
        int dimension = 4, Metric metric = Metric.L2, int partition = 0, ulong version = 1, Guid? uid = null)
    {
        var slice = new SliceId(uid ?? Guid.NewGuid(), partition);
        await Store.PutSettingsAsync(
            partition, Settings(slice.WorkspaceUid, dimension, metric, version), NewId(), default);
        return slice;
    }

    public static WorkspaceSettings Settings(
        Guid uid, int dimension = 4, Metric metric = Metric.L2, ulong version = 1) => new()
        {
            Uid = uid, Version = version, Spaces = [new VectorSpaceSettings { Dimension = dimension, Metric = metric }],
        };

    public Task<UpsertOutcome> UpsertAsync(SliceId slice, params ChunkWrite[] chunks) =>
        Store.UpsertAsync(slice, chunks, NewId(), default);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _folder.Dispose();
    }

    public static ChunkWrite Chunk(
        string document, string chunk, float x = 0, string? text = null,
        IReadOnlyDictionary<string, MetadataValue>? metadata = null) => new()
        {
            Key = new ChunkKey(document, chunk),
            Text = text ?? $"text of {document}/{chunk}",
            Metadata = metadata ?? new Dictionary<string, MetadataValue>(),
            Vectors = [new SpaceVector("", Vector(x))],
        };

    /// <summary>A chunk of document d whose vector has one component that is not zero.</summary>
    public static ChunkWrite Wide(string id, int dimension, int component, float value = 1)
    {
        var vector = new float[dimension];
        vector[component] = value;
        return Chunk("d", id) with { Vectors = [new SpaceVector("", vector)] };
    }

    public static float[] Vector(float x) => [x, 1, 0, 0];

    public static SearchQuery Query(float x, int k = 10, ReturnFields fields = ReturnFields.None) => new()
    {
        Vector = Vector(x), K = k, Return = fields,
    };
}
