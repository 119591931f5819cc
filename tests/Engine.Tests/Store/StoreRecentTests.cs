using Rag.Engine.Slices;
using Rag.Engine.Storage;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

/// <summary>What was written to small slices goes to snapshots by itself, and its memory with it.</summary>
public sealed class StoreRecentTests
{
    private const int Dimension = 1024;
    private const int Rows = 40;

    [Fact]
    public async Task What_is_mostly_new_is_saved_once_nobody_writes_any_more()
    {
        await using var harness = await OpenAsync(configure: options => options with { CloseTime = TimeSpan.Zero });
        var (full, little) = (await FillAsync(harness, 1), await harness.CreateAsync());
        await harness.UpsertAsync(little, Chunk("d", "c", 1));
        var begin = harness.Store.Parts.Context.Log.BeginPosition;
        // The first round sees that something was written since it looked last.
        await harness.Store.Parts.Maintenance.RunOnceAsync(default);
        await harness.Store.Parts.Maintenance.RunOnceAsync(default);
        Entry(harness, full[0]).IsDirty.ShouldBeFalse();
        Entry(harness, full[0]).RecentBytes.ShouldBeLessThan(1000);
        Entry(harness, little).IsDirty.ShouldBeTrue();
        harness.Store.Parts.Context.Manifest.LogPosition.ShouldBeGreaterThan(begin);

        // A little of what is there is not worth a snapshot of all.
        await harness.UpsertAsync(full[0], Wide("c3", Dimension, 3));
        await harness.Store.Parts.Maintenance.RunOnceAsync(default);
        await harness.Store.Parts.Maintenance.RunOnceAsync(default);
        Entry(harness, full[0]).IsDirty.ShouldBeTrue();
        await harness.CrashAsync();
        await ExpectAsync(harness, full[0], 3);
        (await harness.Store.CountAsync(little, null, null, default)).ShouldBe(1);
    }

    [Fact]
    public async Task A_close_saves_what_is_mostly_new_and_the_next_start_replays_nothing_of_it()
    {
        await using var harness = await OpenAsync();
        var slices = await FillAsync(harness, 3);
        await harness.ReopenAsync();
        foreach (var slice in slices)
        {
            Entry(harness, slice).IsDirty.ShouldBeFalse();
            Entry(harness, slice).Snapshot.Generation.ShouldNotBe(0UL);
            await ExpectAsync(harness, slice, 7);
        }

        harness.Options = harness.Options with { CloseTime = TimeSpan.Zero };
        await harness.ReopenAsync();
        await harness.UpsertAsync(slices[0], [.. Enumerable.Range(0, Rows).Select(j => Wide($"new{j}", Dimension, j))]);
        await harness.ReopenAsync();
        Entry(harness, slices[0]).IsDirty.ShouldBeTrue();
        (await harness.Store.CountAsync(slices[0], null, null, default)).ShouldBe(2 * Rows);
    }

    [Fact]
    public async Task Filling_many_small_slices_keeps_little_in_memory_alone()
    {
        await using var harness = await OpenAsync(configure: options => options with { MemoryCapBytes = 32 << 20 });
        var catalog = harness.Store.Parts.Catalog;
        var most = 32L << 20;
        var slices = await FillAsync(harness, 60);
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (catalog.RecentBytes > most / 12 && DateTime.UtcNow < deadline)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        catalog.RecentBytes.ShouldBeLessThanOrEqualTo(most / 12);
        foreach (var slice in slices)
            await ExpectAsync(harness, slice, 11);
    }

    [Fact]
    public async Task A_slice_that_is_used_once_takes_no_pages_where_there_is_no_room()
    {
        const int Slices = 48;
        await using var harness = await OpenAsync(configure: options => options with { MemoryCapBytes = 32 << 20 });
        var slices = await FillAsync(harness, Slices);
        await harness.Store.CheckpointAsync(default);
        foreach (var slice in slices)
            await ExpectAsync(harness, slice, 5);
        var warm = slices.Where(IsWarm).ToList();
        warm.Count.ShouldBeInRange(1, Slices * 2 / 3);
        harness.Store.Parts.Catalog.Pages.Bytes.ShouldBeLessThanOrEqualTo(harness.Store.Parts.Catalog.Pages.CapBytes);
        // It is found all the same, and comes in when it is used again soon.
        var cold = slices.First(slice => !IsWarm(slice));
        await ExpectAsync(harness, cold, 6);
        await ExpectAsync(harness, cold, 7);
        IsWarm(cold).ShouldBeTrue();
        await ExpectAsync(harness, cold, 8);

        bool IsWarm(SliceId slice) => Entry(harness, slice).Loaded!.Spaces[0].Index.Rows.Mapped is MappedRows rows && IsMapped(rows);
        static unsafe bool IsMapped(MappedRows rows) => rows.WarmAddress != null;
    }

    private static SliceEntry Entry(StoreHarness harness, SliceId slice) => harness.Store.Parts.Catalog.Find(slice)!;

    private static async Task<List<SliceId>> FillAsync(StoreHarness harness, int count)
    {
        var slices = new List<SliceId>();
        for (var i = 0; i < count; i++)
        {
            slices.Add(await harness.CreateAsync(Dimension, partition: i % 8));
            await harness.UpsertAsync(slices[i], [.. Enumerable.Range(0, Rows).Select(j => Wide($"c{j}", Dimension, j))]);
        }

        return slices;
    }

    private static async Task ExpectAsync(StoreHarness harness, SliceId slice, int row) =>
        (await harness.Store.SearchAsync(slice, new SearchQuery { Vector = Wide("q", Dimension, row).Vectors[0].Values, K = 1 }, default))
            .Hits.Single().Key.ChunkId.ShouldBe($"c{row}");
}
