using Rag.Engine.Storage;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

public sealed class StoreMemoryTests
{
    [Fact]
    public async Task More_slices_than_fit_are_served_under_the_memory_cap()
    {
        const int Slices = 60;
        await using var harness = await OpenAsync(configure: options => options with { MemoryCapBytes = 32 << 20 });
        var slices = new List<SliceId>();
        for (var i = 0; i < Slices; i++)
        {
            slices.Add(await harness.CreateAsync(2048, partition: i));
            await harness.UpsertAsync(slices[i], [.. Enumerable.Range(0, 60).Select(j => Wide($"c{j}", 2048, j, 1 + i))]);
            // Vectors alone take 28 MiB in all, twice what is left beside the logs' buffers.
            harness.Store.Status.MemoryBytes.ShouldBeLessThan(34 << 20);
        }

        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < Slices; i++)
            {
                var hits = (await harness.Store.SearchAsync(slices[i], new SearchQuery
                {
                    Vector = Wide("q", 2048, 7, 1 + i).Vectors[0].Values, K = 1, Return = ReturnFields.Text,
                }, default)).Hits;
                hits[0].Key.ChunkId.ShouldBe("c7");
                hits[0].Text.ShouldBe($"text of d/c7");
                harness.Store.Status.MemoryBytes.ShouldBeLessThan(34 << 20);
            }

            await harness.ReopenAsync();
        }
    }

    [Fact]
    public async Task The_slices_used_longest_ago_are_put_to_sleep_when_there_are_too_many()
    {
        const int MostSlices = 6000;
        await using var harness = await OpenAsync(configure: options => options with { MemoryCapBytes = 32 << 20 });
        var slices = new List<SliceId>();
        while (slices.Count < MostSlices && harness.Store.Status.LoadedSlices == slices.Count)
        {
            slices.Add(await harness.CreateAsync(partition: slices.Count % 8));
            await harness.UpsertAsync(slices[^1], [.. Enumerable.Range(0, 40).Select(j => Chunk("d", $"c{j}", j))]);
            harness.Store.Status.MemoryBytes.ShouldBeLessThan(34 << 20);
        }

        slices.Count.ShouldBeInRange(100, MostSlices - 1);
        harness.Store.Parts.Catalog.Find(slices[0])!.Loaded.ShouldBeNull();
        (await harness.Store.CountAsync(slices[0], null, null, default)).ShouldBe(40);
        harness.Store.Status.MemoryBytes.ShouldBeLessThan(34 << 20);
    }

    [Fact]
    public async Task A_sleeping_slice_costs_a_few_hundred_bytes_and_knows_its_settings()
    {
        const int Slices = 150;
        await using var harness = await OpenAsync();
        var slices = new List<SliceId>();
        for (var i = 0; i < Slices; i++)
        {
            slices.Add(await harness.CreateAsync(partition: i % 8));
            await harness.UpsertAsync(slices[i], [.. Enumerable.Range(0, 10).Select(j => Chunk("d", $"c{j}", j))]);
        }

        await harness.Store.CheckpointAsync(default);
        await harness.ReopenAsync();
        harness.Store.Status.LoadedSlices.ShouldBe(0);
        harness.Store.FindSettings(slices[5].WorkspaceUid, 5)!.Spaces.Single().Dimension.ShouldBe(4);
        harness.Store.Status.LoadedSlices.ShouldBe(0);
        (await harness.Store.CountAsync(slices[9], null, null, default)).ShouldBe(10);
        harness.Store.Status.LoadedSlices.ShouldBe(1);
    }

    [Fact]
    public async Task The_chunk_log_stays_under_twice_its_living_bytes_plus_a_constant()
    {
        await using var harness = await OpenAsync();
        var (busy, calm) = (await harness.CreateAsync(partition: 0), await harness.CreateAsync(partition: 1));
        await harness.UpsertAsync(calm, Chunk("d", "calm", 1, "stays where it is, or moves along"));
        var text = new string('x', 10_000);
        for (var round = 0; round < 40; round++)
        {
            await harness.UpsertAsync(busy,
                [.. Enumerable.Range(0, 100).Select(i => Chunk("d", $"c{i}", i, $"{round} {text}"))]);
            if (round % 10 == 9)
                await harness.Store.Parts.Maintenance.RunOnceAsync(default);
        }

        var living = 100L * 10_100;
        harness.Store.Status.ChunkLogBytes.ShouldBeLessThan(2 * living + 3 * harness.Options.LogSegmentBytes);
        for (var restart = 0; restart < 2; restart++)
        {
            var page = await harness.Store.ListAsync(busy, null, 1000, null, null, ReturnFields.Text, default);
            page.Chunks.Count.ShouldBe(100);
            page.Chunks.ShouldAllBe(chunk => chunk.Text == $"39 {text}");
            (await harness.Store.SearchAsync(calm, Query(1, 1, ReturnFields.Text), default))
                .Hits[0].Text.ShouldBe("stays where it is, or moves along");
            await harness.CrashAsync();
        }
    }

    [Fact]
    public async Task The_mutation_log_is_cut_behind_snapshots_in_the_background()
    {
        await using var harness = await OpenAsync(configure: options => options with { CheckpointLogBytes = 1 << 20 });
        var slice = await harness.CreateAsync();
        var text = new string('x', 30_000);
        for (var round = 0; round < 20; round++)
        {
            await harness.UpsertAsync(slice,
                [.. Enumerable.Range(0, 10).Select(i => Chunk("d", $"c{round}-{i}", i, text))]);
            await harness.Store.Parts.Maintenance.RunOnceAsync(default);
            harness.Store.Status.MutationLogBytes.ShouldBeLessThan(2 << 20);
        }

        await harness.CrashAsync();
        (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(200);
        (await harness.UpsertAsync(slice, Chunk("d", "x"))).Stamp.Sequence.ShouldBeGreaterThan(20ul);
    }
}
