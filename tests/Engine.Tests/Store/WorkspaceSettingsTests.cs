using Rag.Engine.Indexing;
using static Rag.Engine.Tests.Store.ShardStoreTests;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

public sealed class WorkspaceSettingsTests
{
    [Fact]
    public async Task A_deleted_workspace_is_gone_and_stays_gone()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await harness.UpsertAsync(slice, Chunk("d", "c"));
        await harness.Store.CheckpointAsync(default);
        await harness.UpsertAsync(slice, Chunk("d", "e"));
        var settings = Settings(slice.WorkspaceUid, version: 2) with { State = WorkspaceState.Deleting };
        await harness.Store.PutSettingsAsync(0, settings, harness.NewId(), default);
        harness.Store.FindSettings(slice.WorkspaceUid, 0)!.State.ShouldBe(WorkspaceState.Deleting);
        await ShouldFail(StoreErrorKind.FailedPrecondition, async () =>
            await harness.Store.CountAsync(slice, null, null, default));
        await ShouldFail(StoreErrorKind.FailedPrecondition, async () =>
            await harness.UpsertAsync(slice, Chunk("d", "c")));
        harness.Store.ListSlices().ShouldBeEmpty();
        await harness.ReopenAsync();
        harness.Store.ListSlices().ShouldBeEmpty();
        await harness.Store.CheckpointAsync(default);
        await harness.ReopenAsync();
        harness.Store.ListSlices().ShouldBeEmpty();
        Directory.EnumerateFiles(Path.Combine(harness.Folder, "snapshots"), "*.snapshot", SearchOption.AllDirectories)
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task Settings_change_by_version_and_never_the_shape_of_a_space()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var second = Settings(slice.WorkspaceUid, version: 2) with
        {
            Spaces = [new VectorSpaceSettings { Dimension = 4, Metric = Metric.L2 },
                new VectorSpaceSettings { Name = "wide", Dimension = 8 }],
            Extension = new byte[] { 7 },
        };
        await harness.Store.PutSettingsAsync(0, second, harness.NewId(), default);
        await harness.Store.PutSettingsAsync(0, second, harness.NewId(), default);
        await ShouldFail(StoreErrorKind.FailedPrecondition, async () =>
            await harness.Store.PutSettingsAsync(0, Settings(slice.WorkspaceUid), harness.NewId(), default));
        await ShouldFail(StoreErrorKind.FailedPrecondition, async () =>
            await harness.Store.PutSettingsAsync(0, Settings(slice.WorkspaceUid, 5, version: 3), harness.NewId(),
                default));
        await harness.UpsertAsync(slice,
            Chunk("d", "c") with { Vectors = [new SpaceVector("wide", new float[] { 1, 2, 3, 4, 5, 6, 7, 8 })] });
        await harness.Store.CheckpointAsync(default);
        await harness.ReopenAsync();
        var found = harness.Store.FindSettings(slice.WorkspaceUid, 0)!;
        found.Version.ShouldBe(2ul);
        found.Extension.ToArray().ShouldBe([7]);
        found.Spaces.Select(space => space.Name).ShouldBe(["", "wide"]);
        (await harness.Store.SearchAsync(slice,
            new SearchQuery { Space = "wide", Vector = new float[] { 1, 2, 3, 4, 5, 6, 7, 8 }, K = 3 }, default))
            .Hits.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Spaces_may_change_their_order_come_and_go()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var (left, right) = (new VectorSpaceSettings { Name = "l", Dimension = 4 },
            new VectorSpaceSettings { Name = "r", Dimension = 4 });
        await Put(2, left, right);
        await harness.UpsertAsync(slice,
            Chunk("d", "c") with { Vectors = [new SpaceVector("l", Vector(-9)), new SpaceVector("r", Vector(9))] });
        await Put(3, right, left);
        await Check();
        await Put(4, right, new VectorSpaceSettings { Name = "new", Dimension = 7 }, left);
        await Check();
        await Put(5, left);
        await harness.Store.CheckpointAsync(default);
        await harness.ReopenAsync();
        (await harness.Store.ListAsync(slice, null, 1, null, null, ReturnFields.Vectors, default))
            .Chunks[0].Vectors!.Single().Values.ToArray().ShouldBe(Vector(-9));
        await ShouldFail(StoreErrorKind.NotFound, async () =>
            await harness.Store.SearchAsync(slice, Query(1) with { Space = "r" }, default));

        Task Put(ulong version, params VectorSpaceSettings[] spaces) => harness.Store.PutSettingsAsync(
            0, new WorkspaceSettings { Uid = slice.WorkspaceUid, Version = version, Spaces = spaces }, harness.NewId(),
                default);

        async Task Check()
        {
            await harness.Store.CheckpointAsync(default);
            await harness.ReopenAsync();
            foreach (var (space, x) in new[] { ("l", -9f), ("r", 9f) })
            {
                (await harness.Store.SearchAsync(slice, Query(x, 1) with { Space = space }, default))
                    .Hits[0].Score.ShouldBe(1, 1e-4f);
            }
        }
    }
}
