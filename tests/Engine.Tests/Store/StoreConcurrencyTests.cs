using System.Collections.Concurrent;
using Rag.Engine.Filters;
using Rag.Engine.Storage;
using static Rag.Engine.Tests.Store.StoreHarness;

namespace Rag.Engine.Tests.Store;

public sealed class StoreConcurrencyTests
{
    [Fact]
    public async Task What_was_deleted_is_never_found_and_what_was_written_always_is()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        // Chunks and when they were acknowledged: only those that stand before a search begins bind it.
        var living = new ConcurrentDictionary<string, int>();
        var dead = new ConcurrentDictionary<string, bool>();
        using var stop = new CancellationTokenSource();
        var searches = 0;
        var searchers = Enumerable.Range(0, 3).Select(number => Task.Run(async () =>
        {
            var random = new Random(number);
            while (!stop.IsCancellationRequested)
            {
                var deadBefore = dead.Keys.ToHashSet();
                var livingBefore = living.Keys.ToList();
                var filter = random.Next(2) == 0 ? null : new FilterExpression.Exists("n");
                var query = Query(random.Next(20), 2000, ReturnFields.Text) with { Filter = filter };
                var found = (await harness.Store.SearchAsync(slice, query, default)).Hits.Select(hit => hit.Key.ChunkId)
                    .ToHashSet();
                found.Overlaps(deadBefore).ShouldBeFalse();
                foreach (var id in livingBefore)
                    (found.Contains(id) || !living.ContainsKey(id)).ShouldBeTrue(id);
                Interlocked.Increment(ref searches);
            }
        })).ToArray();

        var writer = new Random(99);
        for (var round = 0; round < 120 || Volatile.Read(ref searches) < 100; round++)
        {
            // A searcher only ends early when it failed: say why now, instead of writing for ever.
            await Task.WhenAll(searchers.Where(searcher => searcher.IsCompleted));
            var ids = Enumerable.Range(0, 8).Select(i => $"r{round}-{i}").ToArray();
            await harness.UpsertAsync(slice, [.. ids.Select(id => Chunk("d", id, writer.Next(20),
                metadata: new Dictionary<string, MetadataValue> { ["n"] = MetadataValue.Of(1L) }))]);
            foreach (var id in ids)
                living[id] = round;
            var doomed = living.Keys.OrderBy(_ => writer.Next()).Take(living.Count > 120 ? 10 : 3).ToArray();
            // Leaves the living before the delete begins, joins the dead when it is acknowledged.
            foreach (var id in doomed)
                living.TryRemove(id, out _);
            await harness.Store.DeleteAsync(slice, new ChunkSelection.ByKey(
                [.. doomed.Select(id => new ChunkDeletion(new ChunkKey("d", id)))]), harness.NewId(), default);
            foreach (var id in doomed)
                dead[id] = true;
            if (round % 25 == 0)
                await harness.Store.CheckpointAsync(default);
            if (round % 25 == 12)
                await harness.UnloadAsync(slice);
        }

        await stop.CancelAsync();
        await Task.WhenAll(searchers);
    }

    [Fact]
    public async Task Many_writers_of_many_slices_share_the_log()
    {
        await using var harness = await OpenAsync();
        var slices = new List<SliceId>();
        for (var i = 0; i < 6; i++)
            slices.Add(await harness.CreateAsync(partition: i % 3));
        await Task.WhenAll(Enumerable.Range(0, 12).Select(writer => Task.Run(async () =>
        {
            for (var round = 0; round < 15; round++)
            {
                var outcome = await harness.UpsertAsync(slices[(writer + round) % slices.Count],
                    [.. Enumerable.Range(0, 5).Select(i => Chunk($"w{writer}", $"r{round}-{i}", i))]);
                outcome.Items.ShouldAllBe(item => item.Status == ChunkWriteStatus.Created);
            }
        })));
        await harness.CrashAsync();
        var total = 0L;
        foreach (var slice in slices)
            total += await harness.Store.CountAsync(slice, null, null, default);
        total.ShouldBe(12 * 15 * 5);
        harness.Store.LastStamp(0).Sequence.ShouldBeGreaterThan(0ul);
    }

    [Fact]
    public async Task A_search_waits_for_the_position_it_names()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var stamp = (await harness.UpsertAsync(slice, Chunk("d", "a"))).Stamp;
        var future = stamp with { Sequence = stamp.Sequence + 1 };
        var search = harness.Store.SearchAsync(slice, Query(0) with { MinStamp = future }, default).AsTask();
        search.IsCompleted.ShouldBeFalse();
        await harness.UpsertAsync(slice, Chunk("d", "b"));
        (await search).Hits.Count.ShouldBe(2);
        using var deadline = new CancellationTokenSource(50);
        await Should.ThrowAsync<OperationCanceledException>(() => harness.Store.SearchAsync(
            slice, Query(0) with { MinStamp = future with { Sequence = 999 } }, deadline.Token).AsTask());
    }

    [Fact]
    public async Task A_closed_store_says_so()
    {
        await using var harness = await OpenAsync();
        var slice = await harness.CreateAsync();
        var store = harness.Store;
        await store.DisposeAsync();
        await store.DisposeAsync();
        await ShardStoreTests
            .ShouldFail(StoreErrorKind.Unavailable, async () => await store.SearchAsync(slice, Query(1), default));
        await ShardStoreTests.ShouldFail(StoreErrorKind.Unavailable, async () =>
            await store.UpsertAsync(slice, [Chunk("d", "c")], harness.NewId(), default));
    }
}
