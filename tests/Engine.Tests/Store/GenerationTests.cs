using Rag.Engine.Storage;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

public sealed class GenerationTests
{
    [Fact]
    public async Task A_generation_is_invisible_until_its_commit_and_then_replaces_the_former_one()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var first = await Replace(harness, slice, "doc", 3, 10);
        first.ShouldBe(new CommitOutcome(CommitStatus.Committed, first.Stamp, 3, 0, first.Stamp));
        await harness.UpsertAsync(slice, Chunk("doc", "single", 5));

        var generation = Guid.NewGuid();
        await harness.Store.StageAsync(slice, "doc", generation, [.. Chunks("doc", 2, 20)], harness.NewId(), default);
        (await Keys(harness, slice)).ShouldBe(["c0", "c1", "c2", "single"]);
        await harness.Store.CheckpointAsync(default);
        await harness.ReopenAsync();
        (await Keys(harness, slice)).ShouldBe(["c0", "c1", "c2", "single"]);

        var second = await harness.Store.CommitAsync(slice, "doc", generation, 2, default, harness.NewId(), default);
        second.Status.ShouldBe(CommitStatus.Committed);
        second.ReplacedChunks.ShouldBe(4);
        (await Keys(harness, slice)).ShouldBe(["c0", "c1"]);
        var info = await harness.Store.FindDocumentAsync(slice, "doc", default);
        info.ShouldBe(new DocumentInfo("doc", generation, second.Version, 2));
        await harness.ReopenAsync();
        (await Keys(harness, slice)).ShouldBe(["c0", "c1"]);
        (await harness.Store.SearchAsync(slice, Query(20, 1), default)).Hits[0].Score.ShouldBe(0);
    }

    [Fact]
    public async Task A_commit_is_refused_when_chunks_are_missing_or_the_version_is_another()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var generation = Guid.NewGuid();
        await harness.Store.StageAsync(slice, "doc", generation, [.. Chunks("doc", 2, 1)], harness.NewId(), default);
        (await Commit(3)).Status.ShouldBe(CommitStatus.Incomplete);
        (await Commit(2, Precondition.IfVersion(new WriteStamp(1, 1)))).Status
            .ShouldBe(CommitStatus.PreconditionFailed);
        (await harness.Store.CommitAsync(slice, "doc", Guid.NewGuid(), 2, default, harness.NewId(), default))
            .Status.ShouldBe(CommitStatus.UnknownGeneration);
        var done = await Commit(2, Precondition.IfAbsent);
        done.Status.ShouldBe(CommitStatus.Committed);
        (await Commit(2))
            .ShouldBe(new CommitOutcome(CommitStatus.AlreadyCommitted, done.Version, 0, 0, (await Commit(2)).Stamp),
            new IgnoreStamp());

        Task<CommitOutcome> Commit(int expected, Precondition precondition = default) =>
            harness.Store.CommitAsync(slice, "doc", generation, expected, precondition, harness.NewId(), default);
    }

    [Fact]
    public async Task An_aborted_generation_leaves_the_document_as_it_was()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await Replace(harness, slice, "doc", 2, 1);
        var generation = Guid.NewGuid();
        await harness.Store.StageAsync(slice, "doc", generation, [.. Chunks("doc", 5, 7)], harness.NewId(), default);
        await harness.Store.StageAsync(slice, "fresh", generation, [.. Chunks("fresh", 5, 7)], harness.NewId(),
            default);
        await harness.Store.AbortAsync(slice, "doc", generation, harness.NewId(), default);
        await harness.Store.AbortAsync(slice, "fresh", generation, harness.NewId(), default);
        (await harness.Store.CommitAsync(slice, "doc", generation, 5, default, harness.NewId(), default))
            .Status.ShouldBe(CommitStatus.UnknownGeneration);
        (await Keys(harness, slice)).ShouldBe(["c0", "c1"]);
        (await harness.Store.FindDocumentAsync(slice, "fresh", default)).ShouldBeNull();
        (await harness.Store.GetStatisticsAsync(slice, default)).PendingGenerations.ShouldBe(0);
    }

    [Fact]
    public async Task An_empty_commit_empties_the_document_and_keeps_its_version()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await Replace(harness, slice, "doc", 2, 1);
        var emptied =
            await harness.Store.CommitAsync(slice, "doc", Guid.NewGuid(), 0, default, harness.NewId(), default);
        emptied.ReplacedChunks.ShouldBe(2);
        await harness.Store.CheckpointAsync(default);
        await harness.ReopenAsync();
        var info = await harness.Store.FindDocumentAsync(slice, "doc", default);
        info!.Version.ShouldBe(emptied.Version);
        info.Chunks.ShouldBe(0);
        await harness.Store.DeleteAsync(slice, new ChunkSelection.ByDocument(["doc"]), harness.NewId(), default);
        (await harness.Store.FindDocumentAsync(slice, "doc", default)).ShouldBeNull();
    }

    [Fact]
    public async Task What_was_staged_a_day_ago_is_dropped_and_cannot_be_committed()
    {
        var time = new MovableTime();
        await using var harness = await OpenAsync(time: time);
        var slice = await harness.CreateAsync();
        var (late, forgotten) = (Guid.NewGuid(), Guid.NewGuid());
        await harness.Store.StageAsync(slice, "late", late, [.. Chunks("late", 2, 1)], harness.NewId(), default);
        await harness.Store.StageAsync(slice, "forgotten", forgotten, [.. Chunks("forgotten", 2, 1)], harness.NewId(),
            default);
        time.Advance(TimeSpan.FromHours(23));
        await harness.Store.Parts.Maintenance.RunOnceAsync(default);
        (await harness.Store.GetStatisticsAsync(slice, default)).PendingGenerations.ShouldBe(2);
        time.Advance(TimeSpan.FromHours(2));
        (await harness.Store.CommitAsync(slice, "late", late, 2, default, harness.NewId(), default))
            .Status.ShouldBe(CommitStatus.UnknownGeneration);
        // Also where nobody has touched the workspace since a restart.
        await harness.Store.CheckpointAsync(default);
        await harness.ReopenAsync();
        await harness.Store.Parts.Maintenance.RunOnceAsync(default);
        (await harness.Store.GetStatisticsAsync(slice, default)).PendingGenerations.ShouldBe(0);
        (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(0);
    }

    [Fact]
    public async Task A_document_larger_than_one_record_is_staged_in_several_and_committed_as_one()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var generation = Guid.NewGuid();
        var text = new string('t', 20_000);
        foreach (var batch in Enumerable.Range(0, 60).Chunk(30))
        {
            await harness.Store.StageAsync(slice, "big", generation,
                [.. batch.Select(i => Chunk("big", $"c{i:00}", i, text))], harness.NewId(), default);
        }

        (await harness.Store.CountAsync(slice, null, null, default)).ShouldBe(0);
        var commit = await harness.Store.CommitAsync(slice, "big", generation, 60, default, harness.NewId(), default);
        commit.VisibleChunks.ShouldBe(60);
        var page = await harness.Store.ListAsync(slice, null, 100, "big", null, ReturnFields.Text, default);
        page.Chunks.Select(chunk => chunk.Key.ChunkId).ShouldBe(Enumerable.Range(0, 60).Select(i => $"c{i:00}"));
        page.Chunks.ShouldAllBe(chunk => chunk.Text == text);
    }

    [Fact]
    public async Task No_search_ever_sees_both_generations_or_neither()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        await Replace(harness, slice, "doc", 8, 0);
        using var stop = new CancellationTokenSource();
        var searches = 0;
        var searchers = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var hits = (await harness.Store.SearchAsync(slice, Query(0, 50), default)).Hits;
                hits.Count.ShouldBe(8);
                hits.Select(hit => hit.Version).Distinct().Count().ShouldBe(1);
                var listed = await harness.Store.ListAsync(slice, null, 50, null, null, ReturnFields.None, default);
                listed.Chunks.Count.ShouldBe(8);
                listed.Chunks.Select(chunk => chunk.Version).Distinct().Count().ShouldBe(1);
                Interlocked.Increment(ref searches);
            }
        })).ToArray();
        for (var round = 1; round <= 80 || Volatile.Read(ref searches) < 100; round++)
        {
            await Replace(harness, slice, "doc", 8, round % 7);
            if (round % 40 == 0)
                await harness.Store.CheckpointAsync(default);
        }

        await stop.CancelAsync();
        await Task.WhenAll(searchers);
    }

    private static IEnumerable<ChunkWrite> Chunks(string document, int count, float x) =>
        Enumerable.Range(0, count).Select(i => Chunk(document, $"c{i}", x));

    private static async Task<CommitOutcome> Replace(StoreHarness harness, SliceId slice, string document, int count,
        float x)
    {
        var generation = Guid.NewGuid();
        await harness.Store.StageAsync(slice, document, generation, [.. Chunks(document, count, x)], harness.NewId(),
            default);
        return await harness.Store.CommitAsync(slice, document, generation, count, default, harness.NewId(), default);
    }

    private static async Task<IEnumerable<string>> Keys(StoreHarness harness, SliceId slice) =>
        (await harness.Store.ListAsync(slice, null, 100, null, null, ReturnFields.None, default))
        .Chunks.Select(chunk => chunk.Key.ChunkId);

    private sealed class IgnoreStamp : IEqualityComparer<CommitOutcome>
    {
        public bool Equals(CommitOutcome? left, CommitOutcome? right) =>
            left! with { Stamp = default } == right! with { Stamp = default };

        public int GetHashCode(CommitOutcome outcome) => outcome.Version.GetHashCode();
    }
}
