using Rag.Engine.Indexing;
using Rag.Engine.Storage;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

/// <summary>Vectors that are replaced by better ones of the same version of a chunk.</summary>
public sealed class RefinementTests
{
    [Fact]
    public async Task A_refined_vector_is_found_and_nothing_else_of_the_chunk_changes()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var written = await harness.UpsertAsync(slice, Quick("a", 1), Quick("b", 2), Chunk("c", "c", 3));

        var refined = await RefineAsync(harness, slice, "a", written.Items[0].Version, 50);

        refined.Items.Single().ShouldBe(new ChunkWriteResult(ChunkWriteStatus.Updated, written.Items[0].Version));
        for (var restart = 0; restart < 3; restart++)
        {
            var answer = await harness.Store.SearchAsync(slice, Query(50, 1, ReturnFields.All), default);
            var hit = answer.Hits.Single();
            hit.Key.ShouldBe(ChunkKey.OfSingle("a"));
            hit.Version.ShouldBe(written.Items[0].Version);
            hit.Text.ShouldBe("text of a/a");
            hit.Vectors!.Single().Encoder.ShouldBe(VectorEncoder.Full);
            (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(3);
            (await TextHitsAsync(harness, slice, "text")).ShouldBe(3);
            var space = (await harness.Store.GetStatisticsAsync(slice, default)).Spaces.Single();
            (space.Vectors, space.RefinedVectors, space.LookupVectors).ShouldBe((3, 1, 1));
            if (restart == 1)
                await harness.Store.CheckpointAsync(default);
            await harness.ReopenAsync();
        }
    }

    [Fact]
    public async Task What_was_replaced_patched_or_deleted_meanwhile_is_left_alone()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var written = await harness.UpsertAsync(slice, Quick("replaced", 1), Quick("patched", 2), Quick("gone", 3));
        await harness.UpsertAsync(slice, Quick("replaced", 4), Quick("patched", 2) with { Fields = ChunkFields.Metadata });
        await harness.Store.DeleteAsync(slice, new ChunkSelection.ByDocument(["gone"]), harness.NewId(), default);

        foreach (var (id, item) in new[] { ("replaced", 0), ("patched", 1), ("gone", 2) })
        {
            (await RefineAsync(harness, slice, id, written.Items[item].Version, 50)).Items.Single().Status
                .ShouldBe(ChunkWriteStatus.PreconditionFailed, id);
        }

        (await harness.Store.SearchAsync(slice, Query(50, 1), default)).Hits.Single().Score.ShouldBeLessThan(-100);
    }

    [Fact]
    public async Task A_vector_that_is_no_lookup_one_is_never_replaced()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var written = await harness.UpsertAsync(slice, Quick("a", 1), Chunk("b", "b", 2));
        await RefineAsync(harness, slice, "a", written.Items[0].Version, 30);

        (await RefineAsync(harness, slice, "a", written.Items[0].Version, 50)).Items.Single().Status
            .ShouldBe(ChunkWriteStatus.PreconditionFailed);
        (await RefineAsync(harness, slice, "b", written.Items[1].Version, 50)).Items.Single().Status
            .ShouldBe(ChunkWriteStatus.PreconditionFailed);
        var refusal = await Should.ThrowAsync<StoreException>(
            () => harness.Store.RefineAsync(slice, [Quick("a", 9)], harness.NewId(), default));
        refusal.Kind.ShouldBe(StoreErrorKind.InvalidArgument);
    }

    [Fact]
    public async Task A_list_walks_on_over_what_is_refined_under_it()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var ids = Enumerable.Range(0, 40).Select(i => $"d{i:00}").ToArray();
        var written = await harness.UpsertAsync(slice, [.. ids.Select((id, i) => Quick(id, i))]);

        var listed = new List<string>();
        ChunkKey? after = null;
        do
        {
            var page = await harness.Store.ListAsync(slice, after, 3, null, null, ReturnFields.None, default);
            listed.AddRange(page.Chunks.Select(chunk => chunk.Key.DocumentId));
            after = page.Next;
            // One behind the cursor and one before it.
            foreach (var i in new[] { listed.Count / 2, Math.Min(ids.Length - 1, listed.Count + 4) })
                await RefineAsync(harness, slice, ids[i], written.Items[i].Version, 100 + i);
        }
        while (after is not null);

        listed.ShouldBe(ids);
    }

    [Fact]
    public async Task Slices_that_lack_something_are_known_without_waking_them()
    {
        await using var harness = await OpenAsync();
        var lacking = await harness.CreateAsync(partition: 1);
        var complete = await harness.CreateAsync(partition: 2);
        var written = await harness.UpsertAsync(lacking, Quick("a", 1), Quick("b", 2), Chunk("c", "c", 3));
        await harness.UpsertAsync(complete, Chunk("d", "d", 4));
        await harness.UnloadAsync(lacking);
        await harness.UnloadAsync(complete);

        for (var restart = 0; restart < 2; restart++)
        {
            var found = harness.Store.ListUnrefined().Single();
            (found.Slice, found.Chunks, found.IsLoaded).ShouldBe((lacking, 3, false));
            found.Spaces.Single().ShouldBe(new SpaceVectorCounts("", 0, 2, 1));
            harness.Store.Status.LoadedSlices.ShouldBe(0);
            await harness.ReopenAsync();
            // What was asleep at the start is looked into in the background.
            await harness.Store.Parts.Maintenance.RunOnceAsync(default);
        }

        var page = await harness.Store.ReadUnrefinedAsync(lacking, "", VectorGap.Lookup, 0, 10, default);
        page.Next.ShouldBe(-1);
        page.Chunks.Select(chunk => (chunk.Key.DocumentId, chunk.Text)).ShouldBe([("a", "text of a/a"), ("b", "text of b/b")]);
        foreach (var chunk in page.Chunks)
            await RefineAsync(harness, lacking, chunk.Key.DocumentId, chunk.Version, 7);
        harness.Store.ListUnrefined().ShouldBeEmpty();
        written.Items.Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_new_space_is_filled_beside_the_others_and_chunks_without_text_are_passed_over()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var written = await harness.UpsertAsync(
            slice, Chunk("a", "a", 1), Chunk("b", "b", 2, text: ""), Chunk("c", "c", 3));
        var settings = Settings(slice.WorkspaceUid, version: 2);
        await harness.Store.PutSettingsAsync(
            0, settings with { Spaces = [.. settings.Spaces, new VectorSpaceSettings { Name = "new", Dimension = 2 }] },
            harness.NewId(), default);

        var first = await harness.Store.ReadUnrefinedAsync(slice, "new", VectorGap.Missing, 0, 1, default);
        first.Chunks.Single().Key.DocumentId.ShouldBe("a");
        var second = await harness.Store.ReadUnrefinedAsync(slice, "new", VectorGap.Missing, first.Next, 5, default);
        second.Chunks.Single().Key.DocumentId.ShouldBe("c");
        foreach (var chunk in new[] { first.Chunks[0], second.Chunks[0] })
        {
            var write = Refinement(chunk.Key.DocumentId, chunk.Version, "new", [1, chunk.Key.DocumentId[0]]);
            await harness.Store.RefineAsync(slice, [write], harness.NewId(), default);
        }

        (await harness.Store.ReadUnrefinedAsync(slice, "new", VectorGap.Missing, 0, 5, default)).Chunks.ShouldBeEmpty();
        var hits = (await harness.Store.SearchAsync(
            slice, new SearchQuery { Space = "new", Vector = new float[] { 1, 'c' }, K = 5 }, default)).Hits;
        hits.Select(hit => hit.Key.DocumentId).ShouldBe(["c", "a"]);
        hits[0].Version.ShouldBe(written.Items[2].Version);
        (await harness.Store.SearchAsync(slice, Query(2, 1), default)).Hits.Single().Key.DocumentId.ShouldBe("b");
    }

    [Fact]
    public async Task Searches_beside_refinement_always_see_every_chunk_once()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var ids = Enumerable.Range(0, 200).Select(i => $"d{i}").ToArray();
        var written = await harness.UpsertAsync(slice, [.. ids.Select((id, i) => Quick(id, i))]);
        var refining = Task.Run(async () =>
        {
            for (var i = 0; i < ids.Length; i += 4)
            {
                var batch = Enumerable.Range(i, 4).Select(j => Refinement(ids[j], written.Items[j].Version, "", Vector(j + 0.5f)));
                await harness.Store.RefineAsync(slice, [.. batch], harness.NewId(), default);
                if (i % 40 == 0)
                    await harness.Store.CheckpointAsync(default);
            }
        });
        do
        {
            var hits = (await harness.Store.SearchAsync(slice, Query(0, ids.Length + 10), default)).Hits;
            hits.Select(hit => hit.Key.DocumentId).Order().ShouldBe(ids.Order());
            (await harness.Store.SearchAsync(slice, new SearchQuery { Text = "text", K = 500 }, default)).Hits.Count
                .ShouldBe(ids.Length);
        }
        while (!refining.IsCompleted);
        await refining;
    }

    private static async Task<int> TextHitsAsync(StoreHarness harness, SliceId slice, string text) =>
        (await harness.Store.SearchAsync(slice, new SearchQuery { Text = text, K = 10 }, default)).Hits.Count;

    private static ChunkWrite Quick(string id, float x)
    {
        var chunk = Chunk(id, id, x);
        return chunk with { Vectors = [new SpaceVector("", Vector(x), VectorEncoder.Lookup)] };
    }

    private static ChunkWrite Refinement(string id, WriteStamp version, string space, float[] vector) => new()
    {
        Key = ChunkKey.OfSingle(id),
        Fields = ChunkFields.Vectors,
        Vectors = [new SpaceVector(space, vector, VectorEncoder.Full)],
        Precondition = Precondition.IfVersion(version),
    };

    private static Task<UpsertOutcome> RefineAsync(
        StoreHarness harness, SliceId slice, string id, WriteStamp version, float x) =>
        harness.Store.RefineAsync(slice, [Refinement(id, version, "", Vector(x))], harness.NewId(), default);
}
