using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

/// <summary>Searches by documents and from a place on, where the index is a graph.</summary>
public sealed class StoreGroupTests
{
    [Fact]
    public async Task Documents_behind_a_crowd_of_nearer_chunks_are_found_in_a_graph()
    {
        await using var harness = await OpenAsync();
        var slice = await CreateGraphAsync(harness);
        foreach (var batch in Enumerable.Range(0, 1500).Chunk(500))
            await harness.UpsertAsync(slice, [.. batch.Select(i => Chunk("crowd", $"{i:0000}", x: i % 100 / 1000f))]);
        await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 5).Select(i => Chunk($"far{i}", "c", x: 50 + i))]);
        (await harness.Store.GetStatisticsAsync(slice, default)).Spaces[0].IsGraph.ShouldBeTrue();
        for (var most = 1; most <= 3; most++)
        {
            var found = await harness.Store.SearchAsync(slice, Query(0, k: 5) with { ChunksPerDocument = most }, default);
            found.Hits.Select(hit => hit.Key.DocumentId).Distinct().ShouldBe(["crowd", "far0", "far1", "far2", "far3"]);
            found.Hits.Select(hit => hit.Key.ChunkId).Take(most).ShouldBe(new[] { "0000", "0100", "0200" }.Take(most));
            found.Hits.Count.ShouldBe(most + 4);
        }
    }

    [Fact]
    public async Task Pages_of_a_graph_have_every_chunk_once_in_the_order_of_hits()
    {
        await using var harness = await OpenAsync();
        var slice = await CreateGraphAsync(harness);
        await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 700).Select(i => Chunk($"d{i % 9}", $"{i:0000}", x: i / 2 / 10f))]);
        var seen = new List<SearchHit>();
        SearchPlace? after = null;
        while (true)
        {
            var page = await harness.Store.SearchAsync(slice, Query(3, k: 60) with { Exact = true, After = after }, default);
            seen.AddRange(page.Hits);
            if (page.Hits.Count < 60)
                break;
            after = new SearchPlace(page.Hits[^1].Score, page.Hits[^1].Key, seen.Count);
        }

        seen.Select(hit => hit.Key).Distinct().Count().ShouldBe(700);
        seen.Count.ShouldBe(700);
        for (var i = 1; i < seen.Count; i++)
            (seen[i - 1].Score > seen[i].Score || (seen[i - 1].Score == seen[i].Score && seen[i - 1].Key.CompareTo(seen[i].Key) < 0)).ShouldBeTrue();
    }

    [Fact]
    public async Task What_is_excluded_is_no_hit()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 10).Select(i => Chunk("d", $"{i}", x: i))]);
        var query = Query(0, k: 3) with { Excluded = [new ChunkKey("d", "0"), new ChunkKey("d", "2"), new ChunkKey("none", "0")] };
        (await harness.Store.SearchAsync(slice, query, default)).Hits.Select(hit => hit.Key.ChunkId).ShouldBe(["1", "3", "4"]);
    }

    private static async Task<Engine.Storage.SliceId> CreateGraphAsync(StoreHarness harness)
    {
        var slice = new Engine.Storage.SliceId(Guid.NewGuid(), 0);
        var settings = Settings(slice.WorkspaceUid);
        await harness.Store.PutSettingsAsync(
            0, settings with { Spaces = [settings.Spaces[0] with { ExactThreshold = 100 }] }, harness.NewId(), default);
        return slice;
    }
}
