using Rag.Engine.Filters;
using Rag.Engine.Indexing;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

/// <summary>Random mutations against a model, with restarts, kills, snapshots and unloads at random points.</summary>
public sealed class StoreModelTests
{
    private static readonly ChunkFields[] PatchedFields =
    [
        ChunkFields.Text, ChunkFields.Metadata, ChunkFields.Vectors, ChunkFields.SparseVector, ChunkFields.MultiVector,
        ChunkFields.All | ChunkFields.Patch,
    ];

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 24)]
    [InlineData(4, 24)]
    public async Task Random_mutations_and_restarts_leave_what_the_model_says(int seed, int exactThreshold)
    {
        var random = new Random(seed);
        await using var harness = await OpenAsync(configure: options => options with { LogSegmentBytes = 4 << 20 });
        var models = new List<StoreModel>();
        for (var i = 0; i < 2; i++)
        {
            var slice = await harness.CreateAsync(partition: i);
            // Searches of a graph are compared with the model as well, so it must be used early.
            await harness.Store.PutSettingsAsync(i, new WorkspaceSettings
            {
                Uid = slice.WorkspaceUid, Version = 2,
                Spaces =
                    [new VectorSpaceSettings { Dimension = 4, Metric = Metric.L2, ExactThreshold = exactThreshold }],
            }, harness.NewId(), default);
            models.Add(new StoreModel(slice));
        }

        for (var step = 0; step < 250; step++)
        {
            var model = models[random.Next(models.Count)];
            try
            {
                await StepAsync(harness, model, random);
                if (step % 5 == 0)
                    await model.CompareAsync(harness.Store, random);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {seed}, step {step}: {exception.Message}", exception);
            }
        }

        await harness.CrashAsync();
        foreach (var model in models)
            await model.CompareAsync(harness.Store, random);
        harness.Store.Status.Quarantined.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(11, 0)]
    [InlineData(12, 24)]
    public async Task Random_mutations_are_right_while_snapshots_unloads_and_cleaning_go_on_beside_them(int seed,
        int exactThreshold)
    {
        await using var harness = await OpenAsync(configure: options => options with { CheckpointLogBytes = 1 << 20 });
        var models = new List<StoreModel>();
        for (var i = 0; i < 3; i++)
        {
            var slice = new Engine.Storage.SliceId(Guid.NewGuid(), i);
            await harness.Store.PutSettingsAsync(i, new WorkspaceSettings
            {
                Uid = slice.WorkspaceUid, Version = 1,
                Spaces =
                    [new VectorSpaceSettings { Dimension = 4, Metric = Metric.L2, ExactThreshold = exactThreshold }],
            }, harness.NewId(), default);
            models.Add(new StoreModel(slice));
        }

        using var stop = new CancellationTokenSource();
        var background = Task.Run(async () =>
        {
            var random = new Random(seed);
            var parts = harness.Store.Parts;
            while (!stop.IsCancellationRequested)
            {
                await parts.Maintenance.RunOnceAsync(default);
                await parts.Memory.UnloadAsync(parts.Catalog.Find(models[random.Next(3)].Slice)!, default);
                if (random.Next(4) == 0)
                    await harness.Store.CheckpointAsync(default);
            }
        });
        await Task.WhenAll(models.Select((model, i) => Task.Run(async () =>
        {
            var random = new Random(seed + 100 * i);
            for (var step = 0; step < 120 && !background.IsCompleted; step++)
            {
                await StepAsync(harness, model, random, mutationsOnly: true);
                if (step % 5 == 0)
                    await model.CompareAsync(harness.Store, random);
            }
        })));
        await stop.CancelAsync();
        await background;
        await harness.CrashAsync();
        foreach (var model in models)
            await model.CompareAsync(harness.Store, new Random(seed));
        harness.Store.Status.Quarantined.ShouldBeEmpty();
    }

    /// <summary>One random step; also a restart unless only mutations are wanted.</summary>
    internal static Task StepAsync(
        StoreHarness harness, StoreModel model, Random random, bool mutationsOnly = false) =>
        random.Next(mutationsOnly ? 18 : 22) switch
    {
        < 7 => UpsertAsync(harness, model, random),
        < 9 => PatchAsync(harness, model, random),
        < 11 => DeleteKeysAsync(harness, model, random),
        11 => DeleteDocumentAsync(harness, model, random),
        12 => DeleteByFilterAsync(harness, model, random),
        < 15 => StageAsync(harness, model, random),
        < 17 => CommitAsync(harness, model, random),
        17 => AbortAsync(harness, model, random),
        18 => harness.UnloadAsync(model.Slice),
        19 => random.Next(2) == 0 ? harness.Store.CheckpointAsync(default)
            : harness.Store.Parts.Maintenance.RunOnceAsync(default),
        20 => harness.ReopenAsync(),
        _ => harness.CrashAsync(),
    };

    private static ChunkKey RandomKey(Random random) => new($"d{random.Next(8)}", $"c{random.Next(12)}");

    private static ChunkWrite RandomWrite(ChunkKey key, Random random) => Chunk(
        key.DocumentId, key.ChunkId, random.Next(12), $"text {random.Next(1000)}",
        new Dictionary<string, MetadataValue> { ["n"] = MetadataValue.Of((long)random.Next(5)) }) with
    {
        MultiVector = RandomTokens(random),
        Sparse = random.Next(3) == 0 ? default : SparseModel.RandomVector(random),
    };

    private static MultiVector? RandomTokens(Random random) => random.Next(3) == 0
        ? null
        : new MultiVector(2, Enumerable.Range(0, random.Next(1, 6))
            .SelectMany(_ => new float[] { random.Next(-127, 128), random.Next(2) == 0 ? 127 : -127 }).ToArray());

    private static ModelChunk ModelOf(ChunkWrite write, WriteStamp version) => new(
        write.Vectors[0].Values.Span[0], write.Text!, (int)write.Metadata["n"].AsInteger(), version,
        write.MultiVector?.Values.ToArray(), write.Sparse);

    private static async Task UpsertAsync(StoreHarness harness, StoreModel model, Random random)
    {
        var writes = Enumerable.Range(0, random.Next(1, 20)).Select(_ => RandomWrite(RandomKey(random), random))
            .ToArray();
        var id = harness.NewId();
        var outcome = await harness.Store.UpsertAsync(model.Slice, writes, id, default);
        for (var i = 0; i < writes.Length; i++)
        {
            outcome.Items[i].Status.ShouldBe(model.Chunks.ContainsKey(writes[i].Key) ? ChunkWriteStatus.Updated
                : ChunkWriteStatus.Created);
            model.Chunks[writes[i].Key] = ModelOf(writes[i], outcome.Items[i].Version);
        }

        if (random.Next(4) == 0)
            (await harness.Store.UpsertAsync(model.Slice, writes, id, default)).Items.ShouldBe(outcome.Items);
    }

    private static async Task PatchAsync(StoreHarness harness, StoreModel model, Random random)
    {
        var key = RandomKey(random);
        var fields = PatchedFields[random.Next(PatchedFields.Length)];
        var write = RandomWrite(key, random);
        var result = (await harness.UpsertAsync(model.Slice, write with { Fields = fields })).Items[0];
        if (!model.Chunks.TryGetValue(key, out var chunk))
        {
            result.Status.ShouldBe(ChunkWriteStatus.NotFound);
            return;
        }

        result.Status.ShouldBe(ChunkWriteStatus.Updated);
        var patched = ModelOf(write, result.Version);
        model.Chunks[key] = fields switch
        {
            ChunkFields.Text => chunk with { Text = patched.Text, Version = result.Version },
            ChunkFields.Metadata => chunk with { Number = patched.Number, Version = result.Version },
            ChunkFields.MultiVector => chunk with { Tokens = patched.Tokens, Version = result.Version },
            ChunkFields.SparseVector => chunk with { Sparse = patched.Sparse, Version = result.Version },
            ChunkFields.All | ChunkFields.Patch => patched with { Tokens = chunk.Tokens, Sparse = chunk.Sparse },
            _ => chunk with { X = patched.X, Version = result.Version },
        };
    }

    private static async Task DeleteKeysAsync(StoreHarness harness, StoreModel model, Random random)
    {
        var keys = Enumerable.Range(0, random.Next(1, 8)).Select(_ => RandomKey(random)).Distinct().ToArray();
        var outcome = await harness.Store.DeleteAsync(model.Slice,
            new ChunkSelection.ByKey([.. keys.Select(key => new ChunkDeletion(key))]), harness.NewId(), default);
        outcome.DeletedChunks.ShouldBe(keys.Count(key => model.Chunks.Remove(key)));
    }

    private static async Task DeleteDocumentAsync(StoreHarness harness, StoreModel model, Random random)
    {
        var document = $"d{random.Next(8)}";
        await harness.Store.DeleteAsync(model.Slice, new ChunkSelection.ByDocument([document]), harness.NewId(),
            default);
        model.RemoveDocument(document);
        model.Committed.Remove(document);
        foreach (var staged in model.Staged.Keys.Where(staged => staged.Document == document).ToList())
            model.Staged.Remove(staged);
    }

    private static async Task DeleteByFilterAsync(StoreHarness harness, StoreModel model, Random random)
    {
        var number = random.Next(5);
        var filter = new FilterExpression.Equal("n", MetadataValue.Of((long)number));
        var outcome =
            await harness.Store.DeleteAsync(model.Slice, new ChunkSelection.ByFilter(filter), harness.NewId(), default);
        var doomed = model.Chunks.Where(chunk => chunk.Value.Number == number).Select(chunk => chunk.Key).ToList();
        outcome.DeletedChunks.ShouldBe(doomed.Count);
        doomed.ForEach(key => model.Chunks.Remove(key));
    }

    private static async Task StageAsync(StoreHarness harness, StoreModel model, Random random)
    {
        var document = $"d{random.Next(8)}";
        var known = model.Staged.Keys.Where(staged => staged.Document == document).ToList();
        var generation = known.Count > 0 && random.Next(2) == 0 ? known[0].Generation : Guid.NewGuid();
        var writes = Enumerable.Range(0, random.Next(1, 10))
            .Select(_ => RandomWrite(new ChunkKey(document, $"c{random.Next(12)}"), random)).ToArray();
        await harness.Store.StageAsync(model.Slice, document, generation, writes, harness.NewId(), default);
        if (!model.Staged.TryGetValue((document, generation), out var staged))
            model.Staged.Add((document, generation), staged = []);
        foreach (var write in writes)
            staged[write.Key.ChunkId] = ModelOf(write, default);
    }

    private static async Task CommitAsync(StoreHarness harness, StoreModel model, Random random)
    {
        if (model.Staged.Count == 0)
            return;
        var ((document, generation), staged) = model.Staged.ElementAt(random.Next(model.Staged.Count));
        var outcome = await harness.Store.CommitAsync(
            model.Slice, document, generation, staged.Count, default, harness.NewId(), default);
        outcome.Status.ShouldBe(CommitStatus.Committed);
        outcome.VisibleChunks.ShouldBe(staged.Count);
        outcome.ReplacedChunks.ShouldBe(model.Chunks.Keys.Count(key => key.DocumentId == document));
        model.RemoveDocument(document);
        foreach (var (chunkId, chunk) in staged)
            model.Chunks[new ChunkKey(document, chunkId)] = chunk with { Version = outcome.Version };
        model.Committed[document] = generation;
        model.Staged.Remove((document, generation));
        var info = await harness.Store.FindDocumentAsync(model.Slice, document, default);
        info.ShouldBe(new DocumentInfo(document, generation, outcome.Version, staged.Count));
    }

    private static async Task AbortAsync(StoreHarness harness, StoreModel model, Random random)
    {
        if (model.Staged.Count == 0)
            return;
        var (document, generation) = model.Staged.Keys.ElementAt(random.Next(model.Staged.Count));
        await harness.Store.AbortAsync(model.Slice, document, generation, harness.NewId(), default);
        model.Staged.Remove((document, generation));
    }
}
