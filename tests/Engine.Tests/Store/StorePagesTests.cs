using Rag.Engine.Storage;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

/// <summary>Small slices are read where their snapshots lie, and only so many of these pages are in memory.</summary>
public sealed class StorePagesTests
{
    private const int Dimension = 1024;
    private const int Rows = 40;

    private static CancellationToken Deadline =>
        CancellationTokenSource.CreateLinkedTokenSource(
            TestContext.Current.CancellationToken, new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token).Token;

    [Fact]
    public async Task A_small_slice_is_scanned_in_its_snapshot_until_it_is_written_to()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 50).Select(i => Chunk("d", $"c{i}", i))]);
        IsMapped(harness, slice).ShouldBeFalse();
        await harness.Store.CheckpointAsync(default);
        IsMapped(harness, slice).ShouldBeTrue();
        await ExpectAsync(harness, slice, 7, "c7");

        await harness.UpsertAsync(slice, Chunk("d", "c7", 100), Chunk("d", "new", 7.01f));
        IsMapped(harness, slice).ShouldBeFalse();
        await ExpectAsync(harness, slice, 7, "new");
        await ExpectAsync(harness, slice, 100, "c7");
        await ExpectAsync(harness, slice, 8, "c8");

        await harness.ReopenAsync();
        await harness.Store.CheckpointAsync(default);
        await harness.ReopenAsync();
        await ExpectAsync(harness, slice, 100, "c7");
        IsMapped(harness, slice).ShouldBeTrue();
        // What is taken out needs no copy of the codes.
        await harness.Store.DeleteAsync(
            slice, new ChunkSelection.ByKey([new ChunkDeletion(new ChunkKey("d", "c8"))]), harness.NewId(), default);
        (await harness.Store.SearchAsync(slice, Query(8), default)).Hits.ShouldNotContain(hit => hit.Key.ChunkId == "c8");
        await harness.CrashAsync();
        await ExpectAsync(harness, slice, 7, "new");
        (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(50);
    }

    [Fact]
    public async Task What_was_written_while_a_snapshot_was_made_is_not_read_from_it()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        for (var round = 0; round < 20; round++)
        {
            await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 30).Select(i => Chunk("d", $"c{i}", i + round))]);
            var snapshot = harness.Store.CheckpointAsync(default);
            await harness.UpsertAsync(slice, Chunk("d", "late", 1000 + round));
            await snapshot;
            await ExpectAsync(harness, slice, 1000 + round, "late");
            await ExpectAsync(harness, slice, round, "c0");
        }
    }

    [Fact]
    public async Task Pages_stay_within_their_bound_while_slices_are_searched_written_snapshotted_and_put_to_sleep()
    {
        const int Slices = 48;
        await using var harness = await OpenAsync(configure: options => options with { MemoryCapBytes = 32 << 20 });
        var slices = new List<SliceId>();
        for (var i = 0; i < Slices; i++)
        {
            slices.Add(await harness.CreateAsync(Dimension, partition: i % 8));
            await harness.UpsertAsync(slices[i], [.. Enumerable.Range(0, Rows).Select(j => Wide($"c{j}", Dimension, j, 1 + i))]);
        }

        await harness.Store.CheckpointAsync(default);
        var pages = harness.Store.Parts.Catalog.Pages;
        var each = PageKeeper.MappedBytes(harness.Store.Parts.Catalog.Find(slices[^1])!.Loaded!);
        each.ShouldBeInRange(Rows * Dimension * 5, PageKeeper.MaxSliceBytes);
        (Slices * each).ShouldBeGreaterThan(pages.CapBytes);
        var deadline = Deadline;
        var workers = Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 400; i++)
            {
                var number = random.Next(Slices);
                var row = random.Next(Rows);
                var answer = await harness.Store.SearchAsync(
                    slices[number], new SearchQuery { Vector = Wide("q", Dimension, row, 1 + number).Vectors[0].Values, K = 1 }, deadline);
                answer.Hits.Single().Key.ChunkId.ShouldBe($"c{row}");
                pages.Bytes.ShouldBeLessThan(pages.CapBytes + 8 * each);
            }
        }, deadline)).Append(Task.Run(async () =>
        {
            var random = new Random(99);
            for (var i = 0; i < 60; i++)
            {
                var number = random.Next(Slices);
                var row = random.Next(Rows);
                await harness.UpsertAsync(slices[number], Wide($"c{row}", Dimension, row, 1 + number));
                if (i % 3 == 0)
                    await harness.Store.Parts.Memory.UnloadAsync(harness.Store.Parts.Catalog.Find(slices[number])!, deadline);
                harness.Store.Parts.Catalog.DisposeUnloaded();
            }
        }, deadline));
        await Task.WhenAll(workers);
        pages.Bytes.ShouldBeLessThanOrEqualTo(pages.CapBytes + 8 * each);
        foreach (var slice in slices)
            (await harness.Store.CountAsync(slice, null, null, deadline)).ShouldBe(Rows);
    }

    [Fact]
    public async Task Every_slice_wakes_by_itself_after_a_kill_whoever_asks_first()
    {
        const int Slices = 24;
        await using var harness = await OpenAsync();
        var slices = new List<SliceId>();
        for (var i = 0; i < Slices; i++)
        {
            slices.Add(await harness.CreateAsync(partition: i % 8));
            await harness.UpsertAsync(slices[i], [.. Enumerable.Range(0, 20).Select(j => Chunk("d", $"c{j}", j + i))]);
            if (i == Slices / 2)
                await harness.Store.CheckpointAsync(default);
        }

        await harness.CrashAsync();
        await Task.WhenAll(Enumerable.Range(0, 4 * Slices).Select(async i =>
        {
            var number = i % Slices;
            if (i < Slices && i % 5 == 0)
                await harness.UpsertAsync(slices[number], Chunk("d", "more", 5000));
            await ExpectAsync(harness, slices[number], number + 3, "c3");
        })).WaitAsync(Deadline);
        harness.Store.Status.LoadedSlices.ShouldBe(Slices);
        (await harness.Store.CountAsync(slices[0], null, null, default)).ShouldBe(21);
        (await harness.Store.CountAsync(slices[1], null, null, default)).ShouldBe(20);
    }

    [Fact]
    public async Task A_sleeping_slice_is_erased_with_its_snapshot()
    {
        await using var harness = await OpenAsync();
        var (gone, stays) = (await harness.CreateAsync(), await harness.CreateAsync());
        foreach (var slice in new[] { gone, stays })
            await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 20).Select(i => Chunk("d", $"c{i}", i))]);
        await harness.Store.CheckpointAsync(default);
        await ExpectAsync(harness, gone, 3, "c3");
        await harness.ReopenAsync();
        await harness.Store.PutSettingsAsync(
            0, Settings(gone.WorkspaceUid, version: 2) with { State = WorkspaceState.Deleting }, harness.NewId(), default);
        Snapshots(harness).ShouldHaveSingleItem().ShouldContain(stays.WorkspaceUid.ToString("N"));
        (await Should.ThrowAsync<StoreException>(() => harness.Store.SearchAsync(gone, Query(3), default).AsTask()))
            .Kind.ShouldBeOneOf(StoreErrorKind.NotFound, StoreErrorKind.FailedPrecondition);
        await ExpectAsync(harness, stays, 3, "c3");
        harness.Store.ListSlices().ShouldBe([stays]);
    }

    [Fact]
    public async Task Damaged_codes_of_a_sleeping_slice_are_found_and_harm_no_other()
    {
        await using var harness = await OpenAsync();
        var (damaged, sound) = (await harness.CreateAsync(), await harness.CreateAsync());
        foreach (var slice in new[] { damaged, sound })
            await harness.UpsertAsync(slice, [.. Enumerable.Range(0, 20).Select(i => Chunk("d", $"c{i}", i))]);
        await harness.Store.CheckpointAsync(default);
        await harness.CloseAsync();
        var file = Snapshots(harness).Single(path => path.Contains(damaged.WorkspaceUid.ToString("N"), StringComparison.Ordinal));
        var bytes = await File.ReadAllBytesAsync(file);
        var index = bytes.AsSpan().IndexOf("RVX1"u8);
        (index % SnapshotFormat.MappedAlignment).ShouldBe(0);
        bytes[index + 64 + 20 * sizeof(float) + 5] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        await harness.OpenStoreAsync();
        (await Should.ThrowAsync<StoreException>(() => harness.Store.SearchAsync(damaged, Query(3), default).AsTask()))
            .Kind.ShouldBe(StoreErrorKind.DataLoss);
        await ExpectAsync(harness, sound, 3, "c3");
    }

    private static bool IsMapped(StoreHarness harness, SliceId slice) =>
        harness.Store.Parts.Catalog.Find(slice)!.Loaded!.Spaces[0].Index.Mapped is not null;

    private static string[] Snapshots(StoreHarness harness) =>
        Directory.GetFiles(Path.Combine(harness.Folder, "snapshots"), "*.snapshot", SearchOption.AllDirectories);

    private static async Task ExpectAsync(StoreHarness harness, SliceId slice, float x, string chunk) =>
        (await harness.Store.SearchAsync(slice, Query(x, 1), default)).Hits.Single().Key.ChunkId.ShouldBe(chunk);
}
