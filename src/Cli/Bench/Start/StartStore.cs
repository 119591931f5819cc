using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Engine;
using Rag.Engine.Indexing;
using Rag.Engine.Storage;

namespace Rag.Cli.Bench.Start;

/// <summary>
/// A store with one workspace of seeded vectors in a folder: made once, with a checkpoint of everything, and found again
/// by the note that lies beside it.
/// </summary>
internal sealed class StartStore(StartOptions options, string folder)
{
    private const int BatchChunks = 500;
    private const int BatchesInFlight = 4;
    private const int WarmBufferBytes = 1 << 20;

    private static readonly SliceId Slice = new(new Guid("0198f0c2-0000-7000-8000-000000000001"), 0);

    private readonly SeededVectors _vectors = new(options.Dim, options.Seed);

    public SeededVectors Vectors => _vectors;

    private string NotePath => Path.Combine(folder, "bench-start.json");

    private Note Wanted => new(options.Vectors, options.Dim, options.Seed);

    /// <summary>Whether the folder holds the wanted store.</summary>
    /// <exception cref="ArgumentException">It holds something else.</exception>
    public bool IsMade()
    {
        if (!File.Exists(NotePath))
        {
            if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
                throw new ArgumentException($"{folder} is not empty and holds no finished store of this bench; name another folder.");
            return false;
        }

        var note = JsonSerializer.Deserialize<Note>(File.ReadAllText(NotePath));
        return note == Wanted
            ? true
            : throw new ArgumentException($"{folder} holds a store of {note}; name another folder or ask for the same.");
    }

    /// <summary>Makes the store and closes it again.</summary>
    /// <returns>How long the vectors took, the checkpoint took, and what a snapshot of them takes.</returns>
    public async Task<(TimeSpan Insert, TimeSpan Checkpoint)> MakeAsync(CancellationToken cancellation)
    {
        await using var store = await OpenAsync(cancellation);
        await store.PutSettingsAsync(Slice.Partition, new WorkspaceSettings
        {
            Uid = Slice.WorkspaceUid,
            Version = 1,
            Spaces = [new VectorSpaceSettings { Dimension = options.Dim, Metric = Metric.Cosine }],
        }, Guid.CreateVersion7(), cancellation);
        var began = Stopwatch.GetTimestamp();
        // Several batches are on their way at a time, so that the log always has a full commit for the index.
        var running = new Queue<Task>();
        for (var start = 0; start < options.Vectors; start += BatchChunks)
        {
            var count = Math.Min(BatchChunks, options.Vectors - start);
            var first = start;
            if (running.Count == BatchesInFlight)
                await running.Dequeue();
            running.Enqueue(UpsertAsync(store, [.. Enumerable.Range(first, count).Select(i => ((long)i, (long)i))], cancellation));
        }

        await Task.WhenAll(running);
        var inserted = Stopwatch.GetElapsedTime(began);
        began = Stopwatch.GetTimestamp();
        await store.CheckpointAsync(cancellation);
        var checkpoint = Stopwatch.GetElapsedTime(began);
        await File.WriteAllTextAsync(NotePath, JsonSerializer.Serialize(Wanted), cancellation);
        return (inserted, checkpoint);
    }

    public Task<ShardStore> OpenAsync(CancellationToken cancellation) => ShardStore.OpenAsync(new StoreOptions
    {
        DataFolder = folder,
        ApplyThreads = options.BuildThreads,
        // The bench alone decides when there is a checkpoint.
        MemoryCapBytes = 1L << 40,
        CheckpointLogBytes = 1L << 40,
        MaintenanceInterval = TimeSpan.FromHours(1),
    }, NullLoggerFactory.Instance, TimeProvider.System, cancellation);

    /// <summary>Reads every file of the store once, so that the page cache holds them.</summary>
    public void Warm(CancellationToken cancellation)
    {
        var buffer = new byte[WarmBufferBytes];
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            while (file.Read(buffer) > 0)
                cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Puts vectors under the keys of the numbers named first.</summary>
    public async Task UpsertAsync(ShardStore store, IReadOnlyList<(long Key, long Vector)> items, CancellationToken cancellation)
    {
        var chunks = new ChunkWrite[items.Count];
        for (var i = 0; i < chunks.Length; i++)
        {
            chunks[i] = new ChunkWrite
            {
                Key = ChunkKey.OfSingle(items[i].Key.ToString("x8", CultureInfo.InvariantCulture)),
                Vectors = [new SpaceVector("", _vectors[items[i].Vector])],
            };
        }

        var outcome = await store.UpsertAsync(Slice, chunks, Guid.CreateVersion7(), cancellation);
        if (outcome.Items.FirstOrDefault(result => result.Status is ChunkWriteStatus.Invalid) is { Detail: { } detail })
            throw new InvalidOperationException($"The store refused a vector: {detail}");
    }

    public ValueTask<SearchAnswer> SearchAsync(ShardStore store, float[] query, int k, bool exact, CancellationToken cancellation) =>
        store.SearchAsync(Slice, new SearchQuery { Vector = query, K = k, Exact = exact }, cancellation);

    public Task<long> CountAsync(ShardStore store, CancellationToken cancellation) =>
        store.CountAsync(Slice, null, null, cancellation).AsTask();

    private sealed record Note(int Vectors, int Dim, int Seed);
}
