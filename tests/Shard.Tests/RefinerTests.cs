using Rag.Engine;
using Rag.Shard.Refinement;
using Rag.V1;
using ChunkKey = Rag.Engine.ChunkKey;
using ChunkWrite = Rag.Engine.ChunkWrite;

namespace Rag.Shard.Tests;

public sealed class RefinerTests
{
    [Fact]
    public async Task Every_lookup_vector_is_replaced_and_versions_stay()
    {
        await using var fixture = new RefinementFixture();
        await fixture.OpenAsync();
        var slice = await fixture.CreateAsync();
        var ids = Enumerable.Range(0, 30).Select(i => $"chunk {i}").ToArray();
        var written = await fixture.WriteAsync(slice, ids);

        await fixture.RefineAllAsync();

        (await fixture.CountAsync(slice)).ShouldBe((30, 0));
        fixture.Model.Embedded.Order().ShouldBe(ids.Order());
        var chunks = await fixture.Store.GetAsync(
            slice, [.. ids.Select(ChunkKey.OfSingle)], Engine.ReturnFields.All, RefinementFixture.Deadline.Token);
        for (var i = 0; i < ids.Length; i++)
        {
            chunks[i]!.Version.ShouldBe(written.Items[i].Version);
            chunks[i]!.Vectors!.Single().Values.ToArray().ShouldBe(FakeModel.VectorOf(ids[i], 1));
        }
    }

    [Theory]
    [InlineData(EmbeddingIngest.Fast)]
    [InlineData(EmbeddingIngest.Full)]
    [InlineData(EmbeddingIngest.Unspecified)]
    public async Task Workspaces_of_other_modes_are_left_alone(EmbeddingIngest ingest)
    {
        await using var fixture = new RefinementFixture();
        await fixture.OpenAsync();
        var slice = await fixture.CreateAsync(ingest);
        await fixture.WriteAsync(slice, "a");

        (await fixture.Refiner.TakeTurnAsync(RefinementFixture.Deadline.Token)).ShouldBeFalse();

        // The mode may change later: then what is there is refined.
        await fixture.CreateAsync(uid: slice.WorkspaceUid, version: 2);
        await fixture.RefineAllAsync();
        (await fixture.CountAsync(slice)).ShouldBe((1, 0));
    }

    [Fact]
    public async Task A_partition_that_another_replica_refines_is_left_to_it()
    {
        await using var fixture = new RefinementFixture();
        fixture.LeaveToOthers(3);
        await fixture.OpenAsync();
        var slice = await fixture.CreateAsync(partition: 3);
        await fixture.WriteAsync(slice, "a");
        (await fixture.Refiner.TakeTurnAsync(RefinementFixture.Deadline.Token)).ShouldBeFalse();
    }

    [Fact]
    public async Task After_a_restart_only_what_is_left_is_embedded_and_sleeping_slices_are_found()
    {
        await using var fixture = new RefinementFixture();
        await fixture.OpenAsync();
        var slice = await fixture.CreateAsync();
        var ids = Enumerable.Range(0, 20).Select(i => $"chunk {i}").ToArray();
        await fixture.WriteAsync(slice, ids);
        await fixture.Refiner.TakeTurnAsync(RefinementFixture.Deadline.Token);
        fixture.Model.Embedded.Count.ShouldBe(8);
        await fixture.Store.CheckpointAsync(RefinementFixture.Deadline.Token);
        await fixture.RestartAsync();

        // A slice that sleeps is known once its snapshot's summary was read in the background.
        var deadline = RefinementFixture.Deadline.Token;
        while (!await fixture.Refiner.TakeTurnAsync(deadline))
            await Task.Delay(10, deadline);
        await fixture.RefineAllAsync();

        fixture.Model.Embedded.Order().ShouldBe(ids.Order());
        (await fixture.CountAsync(slice)).ShouldBe((20, 0));
    }

    [Fact]
    public async Task What_is_deleted_or_replaced_while_it_is_embedded_keeps_what_it_got()
    {
        await using var fixture = new RefinementFixture();
        await fixture.OpenAsync();
        var slice = await fixture.CreateAsync();
        await fixture.WriteAsync(slice, "stays", "goes", "changes");
        var first = true;
        fixture.Model.Before = async _ =>
        {
            if (!first)
                return;
            first = false;
            await fixture.Store.DeleteAsync(
                slice, new ChunkSelection.ByDocument(["goes"]), Guid.CreateVersion7(), RefinementFixture.Deadline.Token);
            await fixture.Store.UpsertAsync(
                slice,
                [
                    new ChunkWrite
                    {
                        Key = ChunkKey.OfSingle("changes"), Text = "other words",
                        Vectors = [new SpaceVector("", FakeModel.VectorOf("other words", -1), VectorEncoder.Lookup)],
                    },
                ],
                Guid.CreateVersion7(), RefinementFixture.Deadline.Token);
        };

        await fixture.RefineAllAsync();

        (await fixture.CountAsync(slice)).ShouldBe((2, 0));
        var chunk = (await fixture.Store.GetAsync(
            slice, [ChunkKey.OfSingle("changes")], Engine.ReturnFields.All, RefinementFixture.Deadline.Token))[0]!;
        chunk.Vectors!.Single().Values.ToArray().ShouldBe(FakeModel.VectorOf("other words", 1));
    }

    [Fact]
    public async Task The_workspace_searched_most_comes_first_and_no_other_waits_for_ever()
    {
        await using var fixture = new RefinementFixture();
        await fixture.OpenAsync();
        var (quiet, busy) = (await fixture.CreateAsync(), await fixture.CreateAsync());
        await fixture.WriteAsync(quiet, [.. Enumerable.Range(0, 40).Select(i => $"q{i}")]);
        await fixture.WriteAsync(busy, [.. Enumerable.Range(0, 40).Select(i => $"b{i}")]);
        for (var i = 0; i < 5; i++)
            fixture.Searches.Begin(busy.WorkspaceUid).Dispose();

        for (var turn = 0; turn < 4; turn++)
            await fixture.Refiner.TakeTurnAsync(RefinementFixture.Deadline.Token);

        fixture.Model.Embedded.Count(text => text[0] == 'b').ShouldBe(24);
        fixture.Model.Embedded.Count(text => text[0] == 'q').ShouldBe(8);
        fixture.Time.Move(TimeSpan.FromHours(3));
        fixture.Searches.SearchesOf(busy.WorkspaceUid).ShouldBeLessThan(0.01);
    }

    [Fact]
    public async Task It_waits_while_a_search_is_under_way()
    {
        await using var fixture = new RefinementFixture
        {
            Options = new RefinementOptions { Patience = TimeSpan.FromMinutes(1) },
        };
        await fixture.OpenAsync();
        var slice = await fixture.CreateAsync();
        await fixture.WriteAsync(slice, "a");
        var search = fixture.Searches.Begin(slice.WorkspaceUid);
        var turn = fixture.Refiner.TakeTurnAsync(RefinementFixture.Deadline.Token);
        // A turn without a search takes milliseconds: it would long be over when another workspace can be written.
        await fixture.WriteAsync(await fixture.CreateAsync(EmbeddingIngest.Fast), "b");
        turn.IsCompleted.ShouldBeFalse();
        fixture.Model.Embedded.ShouldBeEmpty();

        search.Dispose();

        (await turn.WaitAsync(TimeSpan.FromSeconds(60))).ShouldBeTrue();
        fixture.Model.Embedded.ShouldBe(["a"]);
    }

    [Fact]
    public async Task What_is_deleted_while_it_waits_is_not_embedded()
    {
        await using var fixture = new RefinementFixture
        {
            Options = new RefinementOptions { Patience = TimeSpan.FromMinutes(1) },
        };
        await fixture.OpenAsync();
        var slice = await fixture.CreateAsync();
        await fixture.WriteAsync(slice, "stays", "goes");
        var search = fixture.Searches.Begin(slice.WorkspaceUid);
        var turn = fixture.Refiner.TakeTurnAsync(RefinementFixture.Deadline.Token);
        await fixture.Store.DeleteAsync(
            slice, new ChunkSelection.ByDocument(["goes"]), Guid.CreateVersion7(), RefinementFixture.Deadline.Token);

        search.Dispose();

        await turn.WaitAsync(TimeSpan.FromSeconds(60));
        fixture.Model.Embedded.ShouldBe(["stays"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_rests_where_searches_began_meanwhile(bool searched)
    {
        await using var fixture = new RefinementFixture
        {
            Options = new RefinementOptions { MaxCpuShare = 1, Patience = TimeSpan.FromMinutes(1) },
        };
        await fixture.OpenAsync();
        var slice = await fixture.CreateAsync();
        await fixture.WriteAsync(slice, "a");
        fixture.Model.Used = TimeSpan.FromHours(1);
        fixture.Model.Before = _ =>
        {
            if (searched)
                fixture.Searches.Begin(slice.WorkspaceUid).Dispose();
            return Task.CompletedTask;
        };
        using var stop = new CancellationTokenSource();
        var turn = fixture.Refiner.TakeTurnAsync(stop.Token);
        var deadline = RefinementFixture.Deadline.Token;
        while (await fixture.CountAsync(slice) != (1, 0))
            await Task.Delay(5, deadline);

        if (!searched)
        {
            (await turn.WaitAsync(deadline)).ShouldBeTrue();
            return;
        }

        turn.IsCompleted.ShouldBeFalse();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => turn.WaitAsync(deadline));
    }

    [Theory]
    [InlineData(0, 60_000)]
    [InlineData(3_600_000, 10)]
    public async Task It_rests_by_what_it_had_of_the_processor_and_no_longer_than_its_patience(int usedMs, int patienceMs)
    {
        await using var fixture = new RefinementFixture
        {
            Options = new RefinementOptions { MaxCpuShare = 1, Patience = TimeSpan.FromMilliseconds(patienceMs) },
        };
        await fixture.OpenAsync();
        var slice = await fixture.CreateAsync();
        await fixture.WriteAsync(slice, "a");
        fixture.Model.Used = TimeSpan.FromMilliseconds(usedMs);
        fixture.Model.Before = _ =>
        {
            fixture.Searches.Begin(slice.WorkspaceUid).Dispose();
            // It waited for a core.
            fixture.Time.Move(TimeSpan.FromHours(1));
            return Task.CompletedTask;
        };

        (await fixture.Refiner.TakeTurnAsync(RefinementFixture.Deadline.Token).WaitAsync(TimeSpan.FromSeconds(60))).ShouldBeTrue();

        (await fixture.CountAsync(slice)).ShouldBe((1, 0));
    }

    [Fact]
    public async Task A_model_that_fails_pauses_its_slice_and_no_other()
    {
        await using var fixture = new RefinementFixture();
        await fixture.OpenAsync();
        var (bad, good) = (await fixture.CreateAsync(), await fixture.CreateAsync());
        await fixture.WriteAsync(bad, "bad");
        await fixture.WriteAsync(good, "good");
        fixture.Model.Before = texts =>
            texts.Contains("bad") ? Task.FromException(new InvalidOperationException("no")) : Task.CompletedTask;

        await fixture.RefineAllAsync();
        fixture.Model.Embedded.ShouldBe(["good"]);

        fixture.Model.Before = _ => Task.CompletedTask;
        (await fixture.Refiner.TakeTurnAsync(RefinementFixture.Deadline.Token)).ShouldBeFalse();
        fixture.Time.Move(Refiner.FaultPause);
        await fixture.RefineAllAsync();
        fixture.Model.Embedded.ShouldBe(["good", "bad"]);
    }

    [Fact]
    public async Task A_space_that_is_moved_to_gets_a_vector_for_every_text()
    {
        await using var fixture = new RefinementFixture();
        await fixture.OpenAsync();
        var slice = await fixture.CreateAsync();
        await fixture.WriteAsync(slice, "a", "b", "c");
        await fixture.Store.UpsertAsync(
            slice, [new ChunkWrite { Key = ChunkKey.OfSingle("none") }], Guid.CreateVersion7(), RefinementFixture.Deadline.Token);
        await fixture.RefineAllAsync();
        var target = new VectorSpace { Index = "\u00012", Dimension = FakeModel.Size, Model = "fake", Metric = V1.Metric.L2 };
        await fixture.CreateAsync(uid: slice.WorkspaceUid, version: 2, target: target);

        await fixture.RefineAllAsync();

        (await fixture.CountAsync(slice, "\u00012")).ShouldBe((3, 0));
        fixture.Model.Embedded.Count.ShouldBe(6);
        (await fixture.Refiner.TakeTurnAsync(RefinementFixture.Deadline.Token)).ShouldBeFalse();
    }

    [Fact]
    public void Rate_and_time_left_follow_what_was_done_lately()
    {
        var time = new FakeTime();
        var ledger = new RefinementLedger(time);
        var (one, other) = (Guid.NewGuid(), Guid.NewGuid());
        ledger.TimeLeft(one, 100).ShouldBeNull();
        for (var second = 0; second < 100; second++)
        {
            ledger.Add(one, 20);
            time.Move(TimeSpan.FromSeconds(1));
        }

        ledger.RateOf(one).ShouldBe(20, 1);
        ledger.TimeLeft(one, 2000)!.Value.TotalSeconds.ShouldBe(100, 5);
        ledger.TimeLeft(one, 0).ShouldBeNull();
        ledger.Pending = 4000;
        ledger.TimeLeft(other, 10)!.Value.TotalSeconds.ShouldBe(200, 10);
        time.Move(TimeSpan.FromHours(1));
        ledger.RateOf(one).ShouldBe(0);
    }
}
