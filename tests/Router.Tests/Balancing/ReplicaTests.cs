using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Rag.Router.Balancing;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Balancing;

/// <summary>A whole router over shards that are replicas of one another.</summary>
public sealed class ReplicaTests
{
    private static readonly SearchRequest Query = new()
    {
        Workspace = "docs", Vector = new Vector { Dense = new DenseVector { Values = { 1, 2, 3, 4 } } }, K = 100,
    };

    [Fact]
    public async Task A_dead_replica_costs_no_caller_anything()
    {
        await using var fixture = await StartAsync();
        fixture.Shards[1].Before = (_, _, _) => Task.FromException(Faults.Away());
        for (var i = 0; i < 50; i++)
            (await fixture.Search.SearchAsync(Query)).Hits.Count.ShouldBe(20);
        // Three vain calls opened its breaker: nobody asked it again.
        fixture.Shards[1].Calls.Count(call => call == "SearchSlices").ShouldBeLessThanOrEqualTo(3);
        StateOf(fixture, 1).Breaker.State.ShouldBe(BreakerState.Open);
        StateOf(fixture, 1).Outstanding.ShouldBe(0);
    }

    [Fact]
    public async Task Searches_are_shared_by_the_replicas()
    {
        await using var fixture = await StartAsync();
        for (var i = 0; i < 100; i++)
            await fixture.Search.SearchAsync(Query);
        foreach (var shard in fixture.Shards)
            shard.Calls.Count(call => call == "SearchSlices").ShouldBeInRange(20, 80);
    }

    [Fact]
    public async Task A_write_goes_to_another_replica_under_the_same_id_when_the_first_one_dies()
    {
        await using var fixture = await StartAsync();
        var ids = new ConcurrentBag<string>();
        foreach (var shard in fixture.Shards)
        {
            shard.Before = (_, message, _) =>
            {
                if (message is Rag.Internal.V1.UpsertRequest upsert)
                    ids.Add(upsert.MutationId.ToBase64());
                return ids.Count == 1 && message is Rag.Internal.V1.UpsertRequest
                    ? Task.FromException(Faults.Away())
                    : Task.CompletedTask;
            };
        }

        await fixture.UpsertAsync("docs", ("new", "new", "text"));
        ids.Count.ShouldBe(2);
        ids.Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task A_slow_replica_is_overtaken_by_another_and_its_request_is_cancelled()
    {
        await using var fixture = await StartAsync(
            new BalancingOptions { HedgeMinDelay = TimeSpan.Zero, HedgeMaxDelay = TimeSpan.FromMilliseconds(1) });
        var hanging = 0;
        var cancelled = 0;
        foreach (var shard in fixture.Shards)
        {
            shard.Before = async (method, _, context) =>
            {
                if (method != "SearchSlices" || Interlocked.Exchange(ref hanging, 1) == 1)
                    return;
                try
                {
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                }
                finally
                {
                    Interlocked.Increment(ref cancelled);
                }
            };
        }

        (await fixture.Search.SearchAsync(Query, deadline: DateTime.UtcNow.AddSeconds(60))).Hits.Count.ShouldBe(20);
        await Testing.Eventually.HoldsAsync(() => Volatile.Read(ref cancelled) == 1, "the slow one is cancelled");
        await Testing.Eventually.HoldsAsync(
            () => StateOf(fixture, 0).Outstanding + StateOf(fixture, 1).Outstanding == 0, "nothing is under way");
    }

    [Fact]
    public async Task Second_requests_stay_within_their_budget_and_writes_have_none()
    {
        await using var fixture = await StartAsync(new BalancingOptions
        {
            HedgeMinDelay = TimeSpan.Zero, HedgeMaxDelay = TimeSpan.FromMilliseconds(1), HedgeBurst = 3, HedgeRatio = 0.1,
        });
        var before = Calls(fixture);
        foreach (var shard in fixture.Shards)
            shard.Before = (_, _, context) => Task.Delay(20, context.CancellationToken);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => fixture.Search.SearchAsync(Query).ResponseAsync));
        (Calls(fixture) - before).ShouldBeInRange(101, 113);
        await fixture.UpsertAsync("docs", ("new", "new", "text"));
        Calls(fixture, "Upsert").ShouldBe(2);
    }

    [Fact]
    public async Task A_replica_behind_what_the_caller_has_seen_is_passed_over()
    {
        await using var fixture = await StartAsync();
        var written = await fixture.Chunks.UpsertChunksAsync(new UpsertChunksRequest
        {
            Workspace = "docs", Chunks = { RouterFixture.Write("new", "new", "text") },
        });
        fixture.Shards[0].Before = (method, message, _) =>
            message is Rag.Internal.V1.SearchSlicesRequest { MinStamps.Count: > 0 }
                ? Task.FromException(Faults.NotReached())
                : Task.CompletedTask;
        for (var i = 0; i < 10; i++)
        {
            var found = await fixture.Search.SearchAsync(
                new SearchRequest(Query) { MinConsistencyToken = written.ConsistencyToken });
            found.Hits.Count.ShouldBe(21);
        }

        // Both behind: waited for, and told at the deadline.
        fixture.Shards[1].Before = fixture.Shards[0].Before;
        var error = await RouterFixture.FailureAsync(fixture.Search.SearchAsync(
            new SearchRequest(Query) { MinConsistencyToken = written.ConsistencyToken },
            deadline: DateTime.UtcNow.AddSeconds(0.3)));
        error.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task What_one_replica_refuses_another_one_may_do()
    {
        await using var fixture = await StartAsync();
        foreach (var fault in (RpcException[])[Faults.Corrupt(), Faults.Full()])
        {
            fixture.Shards[0].Before = (_, _, _) => Task.FromException(fault);
            for (var i = 0; i < 10; i++)
                (await fixture.Search.SearchAsync(Query)).Hits.Count.ShouldBe(20);
            fixture.Shards[1].Before = fixture.Shards[0].Before;
            (await RouterFixture.FailureAsync(fixture.Search.SearchAsync(Query))).StatusCode.ShouldBe(fault.StatusCode);
            fixture.Shards[1].Before = (_, _, _) => Task.CompletedTask;
        }

        StateOf(fixture, 0).Breaker.State.ShouldBe(BreakerState.Closed);
    }

    [Fact]
    public async Task A_hanging_shard_that_is_found_lost_gives_its_calls_to_another()
    {
        await using var fixture = await StartAsync(new BalancingOptions { HedgeRatio = 0 });
        var hanging = 0;
        fixture.Shards[1].Before = (_, _, context) =>
        {
            Interlocked.Increment(ref hanging);
            return Task.Delay(Timeout.Infinite, context.CancellationToken);
        };
        var searches = Enumerable.Range(0, 20).Select(_ => fixture.Search.SearchAsync(Query).ResponseAsync).ToList();
        var write = fixture.UpsertAsync("docs", ("new", "new", "text"));
        await Testing.Eventually.HoldsAsync(() => Volatile.Read(ref hanging) > 0, "some hang");
        StateOf(fixture, 1).SetHealth(ShardHealth.Lost);
        foreach (var found in await Task.WhenAll(searches).WaitAsync(TimeSpan.FromSeconds(60)))
            found.Hits.Count.ShouldBeInRange(20, 21);
        await write.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Too_many_calls_under_way_are_refused_with_a_delay()
    {
        await using var fixture = await StartAsync(new BalancingOptions { MaxShardWrites = 2, HedgeRatio = 0 });
        using var go = new SemaphoreSlim(0);
        foreach (var shard in fixture.Shards)
            shard.Before = (method, _, _) => method == "Upsert" ? go.WaitAsync() : Task.CompletedTask;
        var held = Enumerable.Range(0, 4).Select(i => fixture.UpsertAsync("docs", ($"n{i}", "c", "text"))).ToList();
        await Testing.Eventually.HoldsAsync(
            () => StateOf(fixture, 0).OutstandingWrites + StateOf(fixture, 1).OutstandingWrites == 4, "both are full");
        var error = await RouterFixture.FailureAsync(fixture.Chunks.UpsertChunksAsync(new UpsertChunksRequest
        {
            Workspace = "docs", Chunks = { RouterFixture.Write("n5", "c", "text") },
        }));
        error.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        RouterFixture.RetryDelayOf(error).ShouldBe(TimeSpan.FromSeconds(1));
        (await fixture.Search.SearchAsync(Query)).Hits.Count.ShouldBe(20);
        go.Release(4);
        await Task.WhenAll(held).WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Retries_end_when_their_budget_is_spent()
    {
        await using var fixture = await StartAsync(new BalancingOptions { RetryBurst = 2, RetryRatio = 0.01 });
        foreach (var shard in fixture.Shards)
            shard.Before = (_, _, _) => Task.FromException(Faults.Away());
        var before = Calls(fixture);
        for (var i = 0; i < 10; i++)
            (await RouterFixture.FailureAsync(fixture.Search.SearchAsync(Query))).StatusCode.ShouldBe(StatusCode.Unavailable);
        (Calls(fixture) - before).ShouldBeInRange(10, 13);
    }

    private static int Calls(RouterFixture fixture, string method = "SearchSlices") =>
        fixture.Shards.Sum(shard => shard.Calls.Count(call => call == method));

    private static ShardState StateOf(RouterFixture fixture, int shard) =>
        fixture.Services.GetRequiredService<ShardStates>().Of(fixture.Topology.Current.FindShard($"shard-{shard}")!);

    private static async Task<RouterFixture> StartAsync(BalancingOptions? options = null)
    {
        var fixture = await RouterFixture.StartAsync(
            shards: 2, options: new RouterOptions { Balancing = options ?? new BalancingOptions() });
        await fixture.CreateAsync();
        await fixture.UpsertAsync("docs", Enumerable.Range(0, 20).Select(i => ($"d{i}", $"c{i}", "text")));
        fixture.Replicate();
        return fixture;
    }
}
