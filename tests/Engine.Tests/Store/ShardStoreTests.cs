using Rag.Engine.Filters;
using Rag.Engine.Indexing;
using Rag.Engine.Storage;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

public sealed class ShardStoreTests
{
    [Fact]
    public async Task A_written_chunk_is_found_with_all_its_fields()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var metadata = new Dictionary<string, MetadataValue>
        {
            ["lang"] = MetadataValue.Of("de"),
            ["year"] = MetadataValue.Of(1999L),
            ["tags"] = MetadataValue.List(["a", "b"]),
        };
        var write = Chunk("doc", "c1", 3, "hello", metadata) with { Attributes = new byte[] { 1, 2, 3 } };
        var outcome = await harness.UpsertAsync(slice, write, Chunk("doc", "c2", 9));
        outcome.Items.Select(item => item.Status).ShouldBe([ChunkWriteStatus.Created, ChunkWriteStatus.Created]);

        var answer = await harness.Store.SearchAsync(slice, Query(2.9f, 1, ReturnFields.All), default);
        var hit = answer.Hits.ShouldHaveSingleItem();
        hit.Key.ShouldBe(new ChunkKey("doc", "c1"));
        hit.Score.ShouldBe(-0.01f, 1e-4f);
        hit.Version.ShouldBe(outcome.Items[0].Version);
        hit.Text.ShouldBe("hello");
        hit.Attributes!.Value.ToArray().ShouldBe([1, 2, 3]);
        hit.Metadata!.Count.ShouldBe(3);
        hit.Metadata["tags"].ShouldBe(metadata["tags"]);
        hit.Vectors!.Single().Values.ToArray().ShouldBe(Vector(3));
        answer.SettingsVersion.ShouldBe(1ul);
        answer.Stamp.ShouldBe(outcome.Stamp);
    }

    [Fact]
    public async Task Everything_is_there_again_after_a_restart_with_and_without_a_checkpoint()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 50).Select(i => Chunk($"d{i % 5}", $"c{i}", i))]);
        await harness.Store.CheckpointAsync(default);
        await harness.UpsertAsync(slice, Chunk("d0", "c0", 100), Chunk("new", "new", 200));
        await harness.Store.DeleteAsync(
            slice, new ChunkSelection.ByKey([new ChunkDeletion(new ChunkKey("d1", "c1"))]), harness.NewId(), default);

        for (var restart = 0; restart < 3; restart++)
        {
            await harness.ReopenAsync();
            (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(50);
            (await harness.Store.SearchAsync(slice, Query(100, 1, ReturnFields.Text), default))
                .Hits[0].Key.ShouldBe(new ChunkKey("d0", "c0"));
            (await harness.Store.SearchAsync(slice, Query(200, 1), default)).Hits[0].Key
                .ShouldBe(ChunkKey.OfSingle("new"));
            (await harness.Store.SearchAsync(slice, Query(1, 1), default)).Hits[0].Key
                .ShouldNotBe(new ChunkKey("d1", "c1"));
            if (restart == 1)
                await harness.Store.CheckpointAsync(default);
        }
    }

    [Fact]
    public async Task A_list_walks_all_chunks_in_bytewise_order_of_their_keys()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var keys = new[] { "b", "a", "é", "Z", "aa", "😀", "\uFFFD" };
        await harness.UpsertAsync(slice, [.. keys.Select((key, i) => Chunk(key, "x", i)), Chunk("a", "y")]);

        var listed = new List<ChunkKey>();
        ChunkKey? after = null;
        do
        {
            var page = await harness.Store.ListAsync(slice, after, 3, null, null, ReturnFields.None, default);
            listed.AddRange(page.Chunks.Select(chunk => chunk.Key));
            after = page.Next;
            // Written behind the cursor and before it: neither disturbs the walk.
            await harness.UpsertAsync(slice, Chunk("0", $"late{listed.Count}"));
        }
        while (after is not null);

        var expected = keys.Select(key => new ChunkKey(key, "x")).Append(new ChunkKey("a", "y")).ToList();
        expected.Sort();
        listed.ShouldBe(expected);
    }

    [Fact]
    public async Task Equal_scores_come_in_the_order_of_their_keys_whatever_k_cuts()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var random = new Random(1);
        var ids = Enumerable.Range(0, 300).Select(i => $"c{i:000}").ToArray();
        random.Shuffle(ids);
        foreach (var batch in ids.Chunk(50))
            await harness.UpsertAsync(slice, [.. batch.Select(id => Chunk("d", id, 5))]);
        await harness.UpsertAsync(slice, Chunk("a", "best", 4), Chunk("z", "worst", 9));

        var answer = await harness.Store.SearchAsync(slice, Query(4, 6), default);
        answer.Hits.Select(hit => hit.Key.ChunkId).ShouldBe(["best", "c000", "c001", "c002", "c003", "c004"]);
    }

    [Fact]
    public async Task A_score_threshold_keeps_what_is_at_least_as_good()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, Chunk("d", "a", 0), Chunk("d", "b", 1), Chunk("d", "c", 2));
        var query = Query(0) with { ScoreThreshold = -1 };
        (await harness.Store.SearchAsync(slice, query, default)).Hits.Select(hit => hit.Key.ChunkId)
            .ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task A_patch_keeps_what_it_does_not_name()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var metadata = new Dictionary<string, MetadataValue> { ["n"] = MetadataValue.Of(1L) };
        await harness.UpsertAsync(slice, Chunk("d", "c", 7, "old", metadata));
        var key = new ChunkKey("d", "c");

        var text = new ChunkWrite { Key = key, Fields = ChunkFields.Text, Text = "new" };
        var patched = (await harness.UpsertAsync(slice, text)).Items[0];
        patched.Status.ShouldBe(ChunkWriteStatus.Updated);
        await Check("new", 1, 7);

        await harness.UpsertAsync(slice, new ChunkWrite
        {
            Key = key, Fields = ChunkFields.Metadata, Metadata = new Dictionary<string,
                MetadataValue> { ["n"] = MetadataValue.Of(2L) },
        });
        await Check("new", 2, 7);

        await harness.UpsertAsync(slice, new ChunkWrite
        {
            Key = key, Fields = ChunkFields.Vectors, Vectors = [new SpaceVector("", Vector(30), VectorEncoder.Full)],
        });
        await Check("new", 2, 30);
        (await harness.Store.GetStatisticsAsync(slice, default)).Spaces[0].RefinedVectors.ShouldBe(1);

        await harness.Store.CheckpointAsync(default);
        await harness.ReopenAsync();
        await Check("new", 2, 30);

        var missing = text with { Key = new ChunkKey("d", "none") };
        (await harness.UpsertAsync(slice, missing)).Items[0].Status.ShouldBe(ChunkWriteStatus.NotFound);

        async Task Check(string expectedText, long number, float x)
        {
            var filter = new FilterExpression.Equal("n", MetadataValue.Of(number));
            var hits = (await harness.Store.SearchAsync(slice, Query(x, 5, ReturnFields.All) with { Filter = filter },
                default)).Hits;
            var hit = hits.ShouldHaveSingleItem();
            hit.Text.ShouldBe(expectedText);
            hit.Metadata!["n"].ShouldBe(MetadataValue.Of(number));
            hit.Score.ShouldBe(0, 1e-6f);
        }
    }

    [Fact]
    public async Task Preconditions_are_told_with_the_version_that_stands()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var absent = Chunk("d", "c") with { Precondition = Precondition.IfAbsent };
        var version = (await harness.UpsertAsync(slice, absent)).Items[0].Version;
        var again = (await harness.UpsertAsync(slice, absent)).Items[0];
        again.ShouldBe(new ChunkWriteResult(ChunkWriteStatus.PreconditionFailed, version));

        var swap = Chunk("d", "c", 1) with { Precondition = Precondition.IfVersion(version) };
        var swapped = (await harness.UpsertAsync(slice, swap)).Items[0];
        swapped.Status.ShouldBe(ChunkWriteStatus.Updated);
        swapped.Version.ShouldBeGreaterThan(version);
        (await harness.UpsertAsync(slice, swap)).Items[0].ShouldBe(
            new ChunkWriteResult(ChunkWriteStatus.PreconditionFailed, swapped.Version));

        var delete =
            new ChunkSelection.ByKey([new ChunkDeletion(new ChunkKey("d", "c"), Precondition.IfVersion(version))]);
        (await harness.Store.DeleteAsync(slice, delete, harness.NewId(), default)).Items
            .ShouldBe([ChunkDeleteStatus.PreconditionFailed]);
    }

    [Fact]
    public async Task A_repeated_mutation_id_changes_nothing_and_is_told_the_same_also_after_a_restart()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var id = harness.NewId();
        var writes = new[] { Chunk("d", "c", 1),
            Chunk("d", "e", 2) with { Precondition = Precondition.IfVersion(new WriteStamp(1, 99)) } };
        var first = await harness.Store.UpsertAsync(slice, writes, id, default);
        await harness.UpsertAsync(slice, Chunk("d", "c", 50));
        for (var round = 0; round < 3; round++)
        {
            var repeated = await harness.Store.UpsertAsync(slice, writes, id, default);
            repeated.Items.ShouldBe(first.Items);
            (await harness.Store.SearchAsync(slice, Query(50, 1), default)).Hits[0].Score.ShouldBe(0);
            if (round == 1)
                await harness.Store.CheckpointAsync(default);
            await harness.ReopenAsync();
        }

        var old = Guid.CreateVersion7(DateTimeOffset.UtcNow.AddMinutes(-11));
        var refused =
            await Should.ThrowAsync<StoreException>(() => harness.Store.UpsertAsync(slice, writes, old, default));
        refused.Kind.ShouldBe(StoreErrorKind.Aborted);
    }

    [Fact]
    public async Task Deletes_by_document_and_by_filter_remove_what_they_name()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 40).Select(i => Chunk($"d{i % 4}", $"c{i}", i,
            metadata: new Dictionary<string, MetadataValue> { ["n"] = MetadataValue.Of((long)i) }))]);

        var byDocument = await harness.Store.DeleteAsync(
            slice, new ChunkSelection.ByDocument(["d0", "nope"]), harness.NewId(), default);
        byDocument.DeletedChunks.ShouldBe(10);
        var filter = new FilterExpression.Range("n", MetadataValue.Of(20L), true, null, false);
        var byFilter = await harness.Store.DeleteAsync(
            slice, new ChunkSelection.ByFilter(filter), harness.NewId(), default);
        byFilter.DeletedChunks.ShouldBe(15);
        (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(15);
        (await harness.Store.CountAsync(slice, null, "d0", default)).ShouldBe(0);
        (await harness.Store.CountAsync(slice, filter, null, default)).ShouldBe(0);
        (await harness.Store.GetStatisticsAsync(slice, default)).Documents.ShouldBe(3);
        var everything = await harness.Store.DeleteAsync(
            slice, new ChunkSelection.ByFilter(new FilterExpression.And([])), harness.NewId(), default);
        everything.DeletedChunks.ShouldBe(15);
        (await harness.Store.SearchAsync(slice, Query(1), default)).Hits.ShouldBeEmpty();
    }

    [Fact]
    public async Task Bad_items_are_told_one_by_one_and_the_others_are_written()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var outcome = await harness.UpsertAsync(slice,
            Chunk("d", "good"),
            Chunk("d", new string('x', 257)),
            Chunk("", "x"),
            Chunk("d", "t", text: new string('y', 65_537)),
            Chunk("d", "dim") with { Vectors = [new SpaceVector("", new float[3])] },
            Chunk("d", "nan") with { Vectors = [new SpaceVector("", new[] { float.NaN, 0, 0, 0 })] },
            Chunk("d", "space") with { Vectors = [new SpaceVector("other", Vector(1))] },
            Chunk("d", "half\uD800"),
            Chunk("d", "also good"));
        outcome.Items.Select(item => item.Status == ChunkWriteStatus.Created)
            .ShouldBe([true, false, false, false, false, false, false, false, true]);
        outcome.Items.Where(item => item.Status == ChunkWriteStatus.Invalid)
            .ShouldAllBe(item => item.Detail!.Length > 20);
        (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(2);
    }

    [Fact]
    public async Task Cosine_refuses_a_zero_vector_in_writes_and_queries()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync(metric: Metric.Cosine);
        var zero = Chunk("d", "c") with { Vectors = [new SpaceVector("", new float[4])] };
        (await harness.UpsertAsync(slice, zero)).Items[0].Status.ShouldBe(ChunkWriteStatus.Invalid);
        await ShouldFail(StoreErrorKind.InvalidArgument, async () =>
            await harness.Store.SearchAsync(slice, new SearchQuery { Vector = new float[4], K = 1 }, default));
    }

    [Fact]
    public async Task Bad_calls_say_what_to_do()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var store = harness.Store;
        await ShouldFail(StoreErrorKind.InvalidArgument, async () =>
            await store.SearchAsync(slice, Query(1, 0), default));
        await ShouldFail(StoreErrorKind.InvalidArgument, async () =>
            await store.SearchAsync(slice, Query(1, 10_001), default));
        await ShouldFail(StoreErrorKind.InvalidArgument, async () =>
            await store.SearchAsync(slice, Query(float.NaN), default));
        await ShouldFail(StoreErrorKind.NotFound, async () =>
            await store.SearchAsync(slice, Query(1) with { Space = "x" }, default));
        await ShouldFail(StoreErrorKind.NotFound, async () =>
            await store.CountAsync(new SliceId(Guid.NewGuid(), 0), null, null, default));
        await ShouldFail(StoreErrorKind.NotFound, async () => await store.UpsertAsync(
            slice with { Partition = 9 }, [Chunk("d", "c")], harness.NewId(), default));
        await ShouldFail(StoreErrorKind.InvalidArgument, async () =>
            await store.UpsertAsync(slice, [], harness.NewId(), default));
        await ShouldFail(StoreErrorKind.InvalidArgument, async () =>
            await store.ListAsync(slice, null, 0, null, null, default, default));
        await ShouldFail(StoreErrorKind.InvalidArgument, async () => await store.SearchAsync(slice,
            Query(1) with { Filter = new FilterExpression.Range("k", null, true, null, true) }, default));
        await ShouldFail(StoreErrorKind.InvalidArgument, async () => await store.UpsertAsync(
            slice, [Chunk("d", "c")], Guid.CreateVersion7(DateTimeOffset.UtcNow.AddHours(1)), default));
    }

    [Fact]
    public async Task A_large_delete_is_taken_apart_in_the_background_and_its_rows_are_used_again()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        for (var round = 0; round < 3; round++)
        {
            for (var batch = 0; batch < 4; batch++)
                await harness.UpsertAsync(slice,
                    [.. Enumerable.Range(0, 500).Select(i => Chunk("d", $"{batch}-{i}", i))]);
            await harness.Store.DeleteAsync(slice, new ChunkSelection.ByDocument(["d"]), harness.NewId(), default);
            (await harness.Store.SearchAsync(slice, Query(1), default)).Hits.ShouldBeEmpty();
            var loaded = harness.Store.Parts.Catalog.Find(slice)!.Loaded!;
            // Two rounds, or more where a busy machine makes a round end early.
            for (var pass = 0; pass < 2 || (pass < 50 && loaded.Rows.FreeCount < loaded.Rows.Limit); pass++)
                await harness.Store.Parts.Maintenance.RunOnceAsync(default);
            loaded.Rows.FreeCount.ShouldBe(loaded.Rows.Limit);
            loaded.Rows.Limit.ShouldBe(2000);
            loaded.KeyIndex.Count.ShouldBe(0);
            loaded.Documents.Count.ShouldBe(0);
            loaded.Spaces[0].Index.Count.ShouldBe(0);
        }
    }

    internal static async Task ShouldFail(StoreErrorKind kind, Func<Task> call)
    {
        var exception = await Should.ThrowAsync<StoreException>(call);
        exception.Kind.ShouldBe(kind, exception.Message);
        exception.Message.Length.ShouldBeGreaterThan(20);
    }
}
