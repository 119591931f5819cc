using Rag.Engine.Filters;
using Rag.Engine.Storage;

namespace Rag.Engine.Tests.Store;

public sealed class ReplicaStoreTests
{
    [Fact]
    public async Task Two_replicas_end_with_the_same_chunks_at_the_same_versions()
    {
        await using var first = await OpenAsync();
        await using var second = await OpenAsync();
        var order = new TestOrder(first, second);
        var slice = await CreateAsync(first, order);
        var outcome = await first.UpsertAsync(slice, StoreHarness.Chunk("d", "a", 1), StoreHarness.Chunk("d", "b", 2));
        outcome.Stamp.ShouldBe(new WriteStamp(1, 6));
        second.Store.UseOrder(order);
        await second.Store.DeleteAsync(slice, Keys("a"), second.NewId(), default);
        (await ContentAsync(first, slice)).ShouldBe(["d/b@1.6"]);
        (await ContentAsync(second, slice)).ShouldBe(["d/b@1.6"]);
        second.Store.LastStamp(slice.Partition).ShouldBe(new WriteStamp(1, 9));
    }

    [Fact]
    public async Task A_replica_goes_on_at_its_place_after_a_restart_in_any_epoch()
    {
        await using var replica = await OpenAsync();
        var order = new TestOrder(replica);
        var slice = await CreateAsync(replica, order);
        order.Epoch = 4;
        order.Sequence = 0;
        await replica.UpsertAsync(slice, StoreHarness.Chunk("d", "a", 1));
        await replica.CrashAsync();
        replica.Store.LastStamp(slice.Partition).ShouldBe(new WriteStamp(4, 3));
        (await replica.Store.FindLastIdsAsync(default))[slice.Partition].ShouldBe(order.Mutations[^1].MutationId);
        await replica.Store.CheckpointAsync(default);
        replica.Store.SnapshotStamp(slice.Partition).ShouldBe(new WriteStamp(4, 3));
        await replica.ReopenAsync();
        replica.Store.LastStamp(slice.Partition).ShouldBe(new WriteStamp(4, 3));
        (await ContentAsync(replica, slice)).ShouldBe(["d/a@4.3"]);
    }

    [Fact]
    public async Task Without_an_order_writes_are_refused_and_reads_go_on()
    {
        await using var replica = await OpenAsync();
        var slice = await CreateAsync(replica, new TestOrder(replica));
        await replica.ReopenAsync();
        var refused = await Should.ThrowAsync<StoreException>(replica.UpsertAsync(slice, StoreHarness.Chunk("d", "a")));
        refused.Kind.ShouldBe(StoreErrorKind.Unavailable);
        (await ContentAsync(replica, slice)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_place_is_taken_once()
    {
        await using var replica = await OpenAsync();
        var order = new TestOrder(replica);
        await CreateAsync(replica, order);
        await Should.ThrowAsync<StoreException>(replica.Store.ApplyAsync([order.Mutations[0]]));
    }

    [Fact]
    public async Task After_a_record_that_failed_none_of_its_group_is_applied_and_all_can_come_again()
    {
        var files = new FailingFiles { Concerns = path => path.Contains("mutations", StringComparison.Ordinal) };
        await using var replica = await OpenAsync(files);
        var order = new TestOrder(replica);
        var slice = await CreateAsync(replica, order);
        await using var other = await OpenAsync();
        var far = new TestOrder(other);
        await CreateAsync(other, far, slice.WorkspaceUid);
        for (var i = 0; i < 40; i++)
            await other.UpsertAsync(slice, StoreHarness.Chunk("d", $"{i}", i));
        var mutations = far.Mutations.Skip(1).ToList();
        files.Error = 5;
        await Should.ThrowAsync<StoreException>(replica.Store.ApplyAsync(mutations));
        files.Error = 0;
        await Rag.Testing.Eventually.HoldsAsync(async () =>
        {
            var last = replica.Store.LastStamp(slice.Partition);
            try
            {
                await replica.Store.ApplyAsync([.. mutations.Where(one => one.Stamp > last)]);
                return true;
            }
            catch (StoreException)
            {
                return false;
            }
        }, "the device works again");
        (await ContentAsync(replica, slice)).ShouldBe(await ContentAsync(other, slice));
    }

    [Fact]
    public async Task What_was_deleted_stays_so_when_a_mutation_of_before_comes_late()
    {
        await using var replica = await OpenAsync();
        var order = new TestOrder(replica);
        var slice = await CreateAsync(replica, order);
        await replica.UpsertAsync(slice, StoreHarness.Chunk("key", "a", 1), StoreHarness.Chunk("document", "a", 1),
            StoreHarness.Chunk("filter", "a", 1, metadata: Metadata(1)), StoreHarness.Chunk("filter", "kept", 1, metadata: Metadata(2)),
            StoreHarness.Chunk("newer", "a", 1));
        var late = order.Mutations[^1];
        await replica.Store.DeleteAsync(slice, new ChunkSelection.ByKey([new ChunkDeletion(new ChunkKey("key", "a"))]), replica.NewId(), default);
        await replica.Store.DeleteAsync(slice, new ChunkSelection.ByDocument(["document"]), replica.NewId(), default);
        await replica.Store.DeleteAsync(slice, new ChunkSelection.ByFilter(new FilterExpression.Equal("n", MetadataValue.Of(1))), replica.NewId(), default);
        await replica.UpsertAsync(slice, StoreHarness.Chunk("newer", "a", 5));
        var expected = await ContentAsync(replica, slice);
        expected.ShouldBe(["filter/kept@1.6", "newer/a@1.18"]);
        // In the snapshot, and without it.
        for (var round = 0; round < 2; round++)
        {
            await ComesLateAsync(order, late, Guid.CreateVersion7(), new WriteStamp(1, 5));
            (await ContentAsync(replica, slice)).ShouldBe(expected);
            await replica.UnloadAsync(slice);
            await replica.ReopenAsync();
            replica.Store.UseOrder(order);
        }
    }

    [Fact]
    public async Task A_late_mutation_changes_what_is_older_and_keeps_its_version()
    {
        await using var replica = await OpenAsync();
        var order = new TestOrder(replica);
        var slice = await CreateAsync(replica, order);
        await replica.UpsertAsync(slice, StoreHarness.Chunk("d", "a", 1), StoreHarness.Chunk("d", "b", 1));
        var upsert = order.Mutations[^1];
        await replica.UpsertAsync(slice, StoreHarness.Chunk("d", "b", 2));
        await ComesLateAsync(order, upsert, Guid.CreateVersion7(), new WriteStamp(1, 8));
        (await ContentAsync(replica, slice)).ShouldBe(["d/a@1.8", "d/b@1.9"]);
        var last = order.Mutations[^1].Stamp;
        replica.Store.LastStamp(slice.Partition).ShouldBe(last, "its place is the new one");
        await replica.CrashAsync();
        (await ContentAsync(replica, slice)).ShouldBe(["d/a@1.8", "d/b@1.9"]);
        replica.Store.UseOrder(order);
        await ComesLateAsync(order, upsert, upsert.MutationId, new WriteStamp(1, 20));
        (await ContentAsync(replica, slice)).ShouldBe(["d/a@1.8", "d/b@1.9"], "an id counts once");
    }

    [Fact]
    public async Task A_late_commit_loses_to_a_later_one()
    {
        await using var replica = await OpenAsync();
        var order = new TestOrder(replica);
        var slice = await CreateAsync(replica, order);
        await CommitAsync(replica, slice, "old", "x");
        var (stage, commit) = (order.Mutations[^2], order.Mutations[^1]);
        await CommitAsync(replica, slice, "new", "y");
        var expected = await ContentAsync(replica, slice);
        // Another replica's, which was between the two.
        await ComesLateAsync(order, stage, Guid.CreateVersion7(), new WriteStamp(1, 10));
        await ComesLateAsync(order, commit, Guid.CreateVersion7(), new WriteStamp(1, 11));
        (await ContentAsync(replica, slice)).ShouldBe(expected);
    }

    [Fact]
    public async Task What_was_taken_back_stays_so_after_a_restart()
    {
        await using var replica = await OpenAsync();
        var order = new TestOrder(replica);
        var slice = await CreateAsync(replica, order);
        await replica.UpsertAsync(slice, StoreHarness.Chunk("d", "a", 1));
        var expected = await ContentAsync(replica, slice);
        var place = replica.Store.LastStamp(slice.Partition);
        await replica.UpsertAsync(slice, StoreHarness.Chunk("d", "b", 1));
        var other = await CreateAsync(replica, order);
        (await replica.Store.RollBackAsync(slice.Partition, place, default)).ShouldBeTrue();
        replica.Store.LastStamp(slice.Partition).ShouldBe(place);
        replica.Store.FindSettings(other.WorkspaceUid, other.Partition).ShouldBeNull();
        (await ContentAsync(replica, slice)).ShouldBe(expected);
        (await TailAsync(replica, slice)).ShouldBe([order.Mutations[0].Stamp, place]);
        await replica.CrashAsync();
        replica.Store.LastStamp(slice.Partition).ShouldBe(place);
        (await ContentAsync(replica, slice)).ShouldBe(expected);
        // The places are free again.
        await replica.Store.ApplyAsync([order.Mutations[^2]]);
        (await ContentAsync(replica, slice)).Count.ShouldBe(2);
        await replica.CrashAsync();
        (await ContentAsync(replica, slice)).Count.ShouldBe(2);
        await replica.Store.CheckpointAsync(default);
        await replica.ReopenAsync();
        (await ContentAsync(replica, slice)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task What_snapshots_hold_is_not_taken_back()
    {
        await using var replica = await OpenAsync();
        var slice = await CreateAsync(replica, new TestOrder(replica));
        var place = replica.Store.LastStamp(slice.Partition);
        await replica.UpsertAsync(slice, StoreHarness.Chunk("d", "a", 1));
        await replica.Store.CheckpointAsync(default);
        (await replica.Store.RollBackAsync(slice.Partition, place, default)).ShouldBeFalse();
        (await ContentAsync(replica, slice)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_log_keeps_what_snapshots_hold_for_a_while()
    {
        var time = new MovableTime();
        await using var replica = await StoreHarness.OpenAsync(
            configure: options => options with { IsReplica = true, TailRetention = TimeSpan.FromMinutes(5) }, time: time);
        var order = new TestOrder(replica);
        var slice = await CreateAsync(replica, order);
        await replica.UpsertAsync(slice, StoreHarness.Chunk("d", "a", 1));
        await replica.Store.CheckpointAsync(default);
        (await TailAsync(replica, slice)).Count.ShouldBe(2);
        time.Advance(TimeSpan.FromMinutes(6));
        await replica.Store.CheckpointAsync(default);
        await replica.UpsertAsync(slice, StoreHarness.Chunk("d", "b", 1));
        time.Advance(TimeSpan.FromMinutes(6));
        await replica.Store.CheckpointAsync(default);
        (await TailAsync(replica, slice)).Count.ShouldBeLessThan(3);
        await replica.ReopenAsync();
        (await ContentAsync(replica, slice)).Count.ShouldBe(2);
    }

    private static Task<StoreHarness> OpenAsync(FailingFiles? files = null) =>
        StoreHarness.OpenAsync(files, options => options with { IsReplica = true });

    private static async Task<SliceId> CreateAsync(StoreHarness replica, TestOrder order, Guid? uid = null)
    {
        replica.Store.UseOrder(order);
        return await replica.CreateAsync(uid: uid);
    }

    private static Task ComesLateAsync(TestOrder order, OrderedMutation mutation, Guid id, WriteStamp origin)
    {
        order.Sequence += 3;
        return order.ApplyAsync(mutation with
        {
            Stamp = new WriteStamp(order.Epoch, order.Sequence), MutationId = id, Origin = origin,
        });
    }

    private static async Task CommitAsync(StoreHarness replica, SliceId slice, string chunk, string text)
    {
        var generation = Guid.NewGuid();
        await replica.Store.StageAsync(slice, "d", generation, [StoreHarness.Chunk("d", chunk, 1, text)], replica.NewId(), default);
        await replica.Store.CommitAsync(slice, "d", generation, 1, Precondition.None, replica.NewId(), default);
    }

    private static async Task<List<WriteStamp>> TailAsync(StoreHarness replica, SliceId slice)
    {
        var stamps = new List<WriteStamp>();
        await replica.Store.ReadTailAsync(slice.Partition, default, mutation =>
        {
            stamps.Add(mutation.Stamp);
            return Task.CompletedTask;
        }, default);
        return stamps;
    }

    private static async Task<List<string>> ContentAsync(StoreHarness replica, SliceId slice)
    {
        var page = await replica.Store.ListAsync(slice, null, 1000, null, null, ReturnFields.None, default);
        return [.. page.Chunks.Select(chunk => $"{chunk.Key}@{chunk.Version}")];
    }

    private static ChunkSelection.ByKey Keys(string chunk) => new([new ChunkDeletion(new ChunkKey("d", chunk))]);

    private static Dictionary<string, MetadataValue> Metadata(long n) => new() { ["n"] = MetadataValue.Of(n) };
}
