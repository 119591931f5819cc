using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Rag.Engine.Filters;
using Rag.Engine.Slices;
using Rag.Engine.Storage;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

/// <summary>Chunks are found by callers' sparse vectors, exactly as plain sums say, as long as they are visible.</summary>
public sealed class StoreSparseTests
{
    [Fact]
    public async Task Any_query_finds_what_plain_sums_find_through_writes_patches_deletes_merges_and_restarts()
    {
        var harness = await OpenAsync();
        await using var closing = harness;
        var slice = await harness.CreateAsync();
        var chunks = new Dictionary<ChunkKey, (SparseVector Vector, long Number)>();
        var random = new Random(5);
        for (var round = 0; round < 12; round++)
        {
            var keys = Enumerable.Range(0, 60).Select(_ => new ChunkKey($"d{random.Next(10)}", $"c{random.Next(30)}")).Distinct().ToList();
            foreach (var key in keys)
                chunks[key] = (SparseModel.RandomVector(random), random.Next(4));
            await harness.UpsertAsync(slice, [.. keys.Select(key => Chunk(key.DocumentId, key.ChunkId) with
            {
                Sparse = chunks[key].Vector,
                Metadata = new Dictionary<string, MetadataValue> { ["n"] = MetadataValue.Of(chunks[key].Number) },
            })]);
            var patched = keys.Where(_ => random.Next(4) == 0).ToList();
            foreach (var key in patched)
                chunks[key] = (random.Next(3) == 0 ? default : SparseModel.RandomVector(random), chunks[key].Number);
            if (patched.Count > 0)
            {
                await harness.UpsertAsync(slice, [.. patched.Select(key =>
                    Chunk(key.DocumentId, key.ChunkId) with { Sparse = chunks[key].Vector, Fields = ChunkFields.SparseVector })]);
            }

            var document = $"d{random.Next(10)}";
            await harness.Store.DeleteAsync(slice, new ChunkSelection.ByDocument([document]), harness.NewId(), default);
            foreach (var key in chunks.Keys.Where(key => key.DocumentId == document).ToList())
                chunks.Remove(key);
            await ((round % 4) switch
            {
                0 => harness.UnloadAsync(slice),
                1 => harness.ReopenAsync(),
                2 => harness.CrashAsync(),
                _ => harness.Store.Parts.Maintenance.RunOnceAsync(default),
            });
            Check(harness, slice, chunks);
        }
    }

    [Fact]
    public async Task A_vector_comes_back_as_it_was_sent_indices_rising_and_only_where_it_is_asked_for()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var vector = new SparseVector(new uint[] { uint.MaxValue, 0, 77 }, new[] { 0.1f, 65_504f, 1e-30f });
        await harness.UpsertAsync(slice, Chunk("a", "1") with { Sparse = vector }, Chunk("a", "2"));
        await harness.ReopenAsync();
        foreach (var unload in new[] { false, true })
        {
            if (unload)
                await harness.UnloadAsync(slice);
            var keys = new[] { new ChunkKey("a", "1"), new ChunkKey("a", "2") };
            var chunks = await harness.Store.GetAsync(slice, keys, ReturnFields.SparseVector, default);
            chunks[0]!.Sparse!.Value.Indices.ToArray().ShouldBe([0u, 77u, uint.MaxValue]);
            chunks[0]!.Sparse!.Value.Weights.ToArray().ShouldBe([65_504f, 1e-30f, 0.1f]);
            chunks[1]!.Sparse!.Value.IsEmpty.ShouldBeTrue();
            (await harness.Store.GetAsync(slice, keys, ReturnFields.Text, default))[0]!.Sparse.ShouldBeNull();
            // Weights are scored in half precision: within two to the minus eleven.
            var query = new SearchQuery { Sparse = new SparseVector(new[] { uint.MaxValue }, new[] { 2f }), K = 5, Return = ReturnFields.SparseVector };
            var hit = (await harness.Store.SearchAsync(slice, query, default)).Hits.ShouldHaveSingleItem();
            hit.Score.ShouldBe(2 * (float)(Half)0.1f);
            hit.Score.ShouldBe(0.2f, 0.2f / 2048);
            SparseModel.ShouldBeSame(hit.Sparse!.Value, vector);
        }
    }

    [Fact]
    public async Task A_vector_is_kept_by_patches_of_other_fields_and_gone_with_a_whole_write_that_brings_none()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var vector = new SparseVector(new[] { 5u }, new[] { 2f });
        await harness.UpsertAsync(slice, Chunk("a", "1", text: "stone") with { Sparse = vector });
        var everyOther = ChunkFields.Text | ChunkFields.Metadata | ChunkFields.Vectors | ChunkFields.Attributes | ChunkFields.Patch;
        foreach (var fields in new[] { ChunkFields.Text, ChunkFields.Vectors, ChunkFields.Metadata, everyOther })
        {
            await harness.UpsertAsync(slice, Chunk("a", "1", x: 3, text: "wall") with { Fields = fields });
            (await FindAsync(harness, slice, 5)).ShouldBe(["1"]);
        }

        var missing = await harness.UpsertAsync(slice, Chunk("b", "none") with { Fields = everyOther });
        missing.Items[0].Status.ShouldBe(ChunkWriteStatus.NotFound);
        await harness.UpsertAsync(slice, Chunk("a", "1") with { Sparse = new SparseVector(new[] { 6u }, new[] { 1f }), Fields = ChunkFields.SparseVector });
        (await FindAsync(harness, slice, 5)).ShouldBeEmpty();
        (await FindAsync(harness, slice, 6)).ShouldBe(["1"]);
        var text = await harness.Store.SearchAsync(slice, new SearchQuery { Text = "walls", K = 3 }, default);
        text.Hits.ShouldHaveSingleItem("a patch of the sparse vector keeps the words");
        await harness.UpsertAsync(slice, Chunk("a", "1"));
        (await FindAsync(harness, slice, 6)).ShouldBeEmpty();
        (await harness.Store.GetStatisticsAsync(slice, default)).SparseIndex.Documents.ShouldBe(0);
    }

    [Fact]
    public async Task A_generation_is_found_by_its_vectors_only_when_it_is_committed()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var generation = Guid.NewGuid();
        var vector = new SparseVector(new[] { 5u }, new[] { 2f });
        await harness.UpsertAsync(slice, Chunk("a", "old") with { Sparse = vector });
        await harness.Store.StageAsync(slice, "a", generation, [Chunk("a", "new") with { Sparse = vector }], harness.NewId(), default);
        (await FindAsync(harness, slice, 5)).ShouldBe(["old"]);
        await harness.UnloadAsync(slice);
        (await FindAsync(harness, slice, 5)).ShouldBe(["old"]);
        await harness.Store.CommitAsync(slice, "a", generation, 1, default, harness.NewId(), default);
        (await FindAsync(harness, slice, 5)).ShouldBe(["new"]);
        (await harness.Store.GetStatisticsAsync(slice, default)).SparseIndex.Documents.ShouldBe(1);
    }

    [Fact]
    public async Task Vectors_that_make_no_sense_are_refused_with_a_reason()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var large = Enumerable.Range(0, StoreLimits.MaxSparseEntries + 1).Select(i => (uint)i).ToArray();
        var bad = new (SparseVector Vector, string Part)[]
        {
            (new SparseVector(new uint[] { 1, 2 }, new[] { 1f }), "one weight for each index"),
            (new SparseVector(new uint[] { 2, 1, 2 }, new[] { 1f, 1f, 1f }), "index 2 twice"),
            (new SparseVector(new uint[] { 1 }, new[] { 0f }), "above 0"),
            (new SparseVector(new uint[] { 1 }, new[] { -1f }), "above 0"),
            (new SparseVector(new uint[] { 1 }, new[] { float.NaN }), "above 0"),
            (new SparseVector(new uint[] { 1 }, new[] { float.PositiveInfinity }), "above 0"),
            (new SparseVector(new uint[] { 1 }, new[] { 65_505f }), "at most 65504"),
            (new SparseVector(large, large.Select(_ => 1f).ToArray()), "over the 1024 allowed"),
        };
        foreach (var (vector, part) in bad)
        {
            var item = (await harness.UpsertAsync(slice, Chunk("a", "1") with { Sparse = vector })).Items[0];
            item.Status.ShouldBe(ChunkWriteStatus.Invalid);
            item.Detail.ShouldNotBeNull().ShouldContain(part);
            var refused = await Should.ThrowAsync<StoreException>(async () =>
                await harness.Store.SearchAsync(slice, new SearchQuery { Sparse = vector, K = 1 }, default));
            refused.Kind.ShouldBe(StoreErrorKind.InvalidArgument);
            refused.Message.ShouldContain(part);
        }

        await Should.ThrowAsync<StoreException>(async () =>
            await harness.Store.SearchAsync(slice, new SearchQuery { Sparse = new SparseVector(), K = 1 }, default));
        var most = large[..StoreLimits.MaxSparseEntries];
        (await harness.UpsertAsync(slice, Chunk("a", "1") with { Sparse = new SparseVector(most, most.Select(_ => 1f).ToArray()) }))
            .Items[0].Status.ShouldBe(ChunkWriteStatus.Created);
        (await FindAsync(harness, slice, 1023)).ShouldBe(["1"]);
        (await FindAsync(harness, slice, 1024)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_copy_of_a_partition_finds_the_same_and_takes_more()
    {
        await using var source = await OpenAsync();
        await using var target = await OpenAsync();
        var slice = await source.CreateAsync();
        var random = new Random(3);
        await source.UpsertAsync(slice, [.. Enumerable.Range(0, 200).Select(i => Chunk("a", $"{i:000}") with { Sparse = SparseModel.RandomVector(random) })]);
        await CopyRun.CopyAsync(source.Store, target.Store, 0);
        var queries = Enumerable.Range(0, 20).Select(_ => new SearchQuery { Sparse = SparseModel.RandomVector(random), K = 50, Return = ReturnFields.SparseVector }).ToList();
        foreach (var query in queries)
        {
            var expected = (await source.Store.SearchAsync(slice, query, default)).Hits;
            var copied = (await target.Store.SearchAsync(slice, query, default)).Hits;
            copied.Select(hit => (hit.Key, hit.Score)).ShouldBe(expected.Select(hit => (hit.Key, hit.Score)));
            copied.ShouldAllBe(hit => hit.Sparse!.Value.Count > 0);
        }

        await target.ReopenAsync();
        var more = await target.UpsertAsync(slice, Chunk("b", "b") with { Sparse = new SparseVector(new[] { 12345u }, new[] { 1f }) });
        more.Items[0].Status.ShouldBe(ChunkWriteStatus.Created);
        (await FindAsync(target, slice, 12345)).ShouldBe(["b"]);
        var (_, sparse) = target.Store.ReadTermIndexes();
        sparse.Documents.ShouldBe(201);
        sparse.Postings.ShouldBe(source.Store.ReadTermIndexes().Sparse.Postings + 1);
        sparse.Bytes.ShouldBeGreaterThan(sparse.Postings);
    }

    [Fact]
    public async Task Slices_without_vectors_keep_no_index_for_them_and_snapshots_have_no_section()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, Chunk("a", "1"));
        (await FindAsync(harness, slice, 1)).ShouldBeEmpty();
        HasSection(harness, slice).ShouldBeFalse();
        await harness.UpsertAsync(slice, Chunk("a", "2") with { Sparse = new SparseVector(new[] { 1u }, new[] { 1f }) });
        HasSection(harness, slice).ShouldBeTrue();
        (await FindAsync(harness, slice, 1)).ShouldBe(["2"]);
        (await harness.Store.GetStatisticsAsync(slice, default)).SparseIndex.Postings.ShouldBe(1);
        await harness.Store.DeleteAsync(slice, new ChunkSelection.ByDocument(["a"]), harness.NewId(), default);
        await harness.UnloadAsync(slice);
        (await FindAsync(harness, slice, 1)).ShouldBeEmpty();
        (await harness.Store.GetStatisticsAsync(slice, default)).SparseIndex.ShouldBe(default);
    }

    [Fact]
    public async Task A_title_weighs_as_its_boost_says_before_and_after_a_restart()
    {
        await using var harness = await OpenAsync(configure: options => options with
        {
            AttributeText = static attributes => new AttributeFields("", Encoding.UTF8.GetString(attributes)),
        });
        var slices = new List<SliceId>();
        foreach (var boost in new[] { 1, 5 })
        {
            var slice = new SliceId(Guid.NewGuid(), 0);
            var settings = Settings(slice.WorkspaceUid) with { Text = new TextSettings { TitleBoost = boost } };
            await harness.Store.PutSettingsAsync(0, settings, harness.NewId(), default);
            slices.Add(slice);
            await harness.UpsertAsync(slice,
                Chunk("a", "titled", text: "sand on a beach by the sea") with { Attributes = "Granite"u8.ToArray() },
                Chunk("a", "told", text: "granite, granite on a beach by the sea"));
        }

        foreach (var restart in new[] { false, true })
        {
            if (restart)
                await harness.ReopenAsync();
            (await BestAsync(slices[0])).ShouldBe("told");
            (await BestAsync(slices[1])).ShouldBe("titled");
        }

        async Task<string> BestAsync(SliceId slice) =>
            (await harness.Store.SearchAsync(slice, new SearchQuery { Text = "granite", K = 2 }, default)).Hits[0].Key.ChunkId;
    }

    private static bool HasSection(StoreHarness harness, SliceId slice)
    {
        harness.UnloadAsync(slice).GetAwaiter().GetResult();
        var entry = harness.Store.Parts.Catalog.Find(slice)!;
        using var file = harness.Store.Parts.Context.Snapshots.Open(slice, entry.Snapshot.Generation, harness.Store.Parts.Context.Codec);
        return file.Has(SnapshotSections.Sparse);
    }

    private static async Task<string[]> FindAsync(StoreHarness harness, SliceId slice, uint index)
    {
        var query = new SearchQuery { Sparse = new SparseVector(new[] { index }, new[] { 1f }), K = 100 };
        return [.. (await harness.Store.SearchAsync(slice, query, default)).Hits.Select(hit => hit.Key.ChunkId)];
    }

    private static void Check(StoreHarness harness, SliceId slice, Dictionary<ChunkKey, (SparseVector Vector, long Number)> chunks)
    {
        var seeds = Gen.Choose(int.MinValue, int.MaxValue);
        Prop.ForAll(seeds.ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            long? number = random.Next(2) == 0 ? random.Next(4) : null;
            var query = new SearchQuery
            {
                Sparse = SparseModel.RandomVector(random),
                K = random.Next(1, 40),
                ChunksPerDocument = random.Next(3) == 0 ? random.Next(1, 4) : 0,
                Filter = number is { } wanted ? new FilterExpression.Equal("n", MetadataValue.Of(wanted)) : null,
                ScoreThreshold = random.Next(4) == 0 ? random.Next(1, 20) : null,
            };
            var best = SparseModel.Best(
                chunks.Where(chunk => number is null || chunk.Value.Number == number).Select(chunk => (chunk.Key, chunk.Value.Vector)),
                query.Sparse.Value).ToList();
            var expected = query.ChunksPerDocument == 0 ? best.Take(query.K) : Grouped(best, query.K, query.ChunksPerDocument);
            var hits = harness.Store.SearchAsync(slice, query, default).AsTask().GetAwaiter().GetResult().Hits;
            return hits.Select(hit => (hit.Key, hit.Score)).SequenceEqual(expected.Where(hit => !(hit.Score < query.ScoreThreshold)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    private static IEnumerable<(ChunkKey Key, float Score)> Grouped(List<(ChunkKey Key, float Score)> best, int documents, int chunksEach)
    {
        var wanted = best.Select(hit => hit.Key.DocumentId).Distinct().Take(documents).ToHashSet();
        return best.Where(hit => wanted.Contains(hit.Key.DocumentId))
            .GroupBy(hit => hit.Key.DocumentId).SelectMany(group => group.Take(chunksEach))
            .OrderByDescending(hit => hit.Score).ThenBy(hit => hit.Key);
    }
}
