using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Shards;

public sealed class FailoverTests
{
    private static readonly Vector Vector = new() { Dense = new DenseVector { Values = { 1, 2, 3, 4 } } };

    private static readonly SearchRequest Query = new() { Workspace = "docs", Text = "text", K = 100 };

    [Fact]
    public async Task A_shard_that_is_away_for_one_call_is_asked_again()
    {
        await using var fixture = await StartAsync();
        var failures = 1;
        fixture.Shards[1].Before = (_, _, _) => Interlocked.Decrement(ref failures) >= 0
            ? Task.FromException(Faults.Away())
            : Task.CompletedTask;
        (await fixture.Search.SearchAsync(Query)).Hits.Count.ShouldBe(40);
    }

    [Fact]
    public async Task A_dead_shard_fails_the_search_and_the_answer_names_its_partitions()
    {
        await using var fixture = await StartAsync();
        Kill(fixture, 1);
        var error = await RouterFixture.FailureAsync(fixture.Search.SearchAsync(Query));
        error.StatusCode.ShouldBe(StatusCode.Unavailable);
        error.Status.Detail.ShouldContain("shard-1");
        foreach (var partition in PartitionsOn(fixture, 1))
            error.Status.Detail.ShouldContain(partition.ToString());
        RouterFixture.RetryDelayOf(error).ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Partial_results_are_those_of_the_living_and_name_the_missing_partitions()
    {
        await using var fixture = await StartAsync();
        var whole = await fixture.Search.SearchAsync(Query);
        Kill(fixture, 1);
        var partial = await fixture.Search.SearchAsync(new SearchRequest(Query) { AllowPartial = true });
        var lost = PartitionsOn(fixture, 1);
        partial.MissingPartitions.ShouldBe(lost);
        var partitions = Rag.Hosting.Topology.Placement.PartitionsOf("docs", 8, 16);
        var living = whole.Hits.Where(hit => !lost.Contains(
            partitions[Rag.Hosting.Topology.Placement.BucketOf(hit.DocumentId, 8)]));
        partial.Hits.Select(hit => hit.ChunkId).ShouldBe(living.Select(hit => hit.ChunkId));
        partial.Hits.Count.ShouldBeInRange(1, 39);
    }

    [Fact]
    public async Task With_every_shard_dead_there_is_no_partial_answer_either()
    {
        await using var fixture = await StartAsync();
        for (var i = 0; i < 3; i++)
            Kill(fixture, i);
        var error = await RouterFixture.FailureAsync(
            fixture.Search.SearchAsync(new SearchRequest(Query) { AllowPartial = true }));
        error.StatusCode.ShouldBe(StatusCode.Unavailable);
    }

    [Fact]
    public async Task A_corrupt_partition_is_missing_alone_and_fails_the_search_that_wants_all()
    {
        await using var fixture = await StartAsync();
        var corrupt = PartitionsOn(fixture, 1)[0];
        fixture.Shards[1].Before = (_, message, _) =>
            message is Rag.Internal.V1.SearchSlicesRequest slices && slices.Target.Partitions.Contains(corrupt)
                ? Task.FromException(Faults.Corrupt())
                : Task.CompletedTask;
        (await RouterFixture.FailureAsync(fixture.Search.SearchAsync(Query))).StatusCode.ShouldBe(StatusCode.DataLoss);
        var partial = await fixture.Search.SearchAsync(new SearchRequest(Query) { AllowPartial = true });
        partial.MissingPartitions.ShouldBe([corrupt]);
    }

    [Fact]
    public async Task A_slow_shard_is_missing_when_partial_results_are_allowed_and_a_timeout_when_not()
    {
        await using var fixture = await StartAsync();
        var slow = PartitionsOn(fixture, 2);
        fixture.Shards[2].Before = (_, _, context) => Task.Delay(Timeout.Infinite, context.CancellationToken);
        var query = new SearchRequest { Workspace = "docs", Vector = Vector, K = 100 };
        var partial = await fixture.Search.SearchAsync(
            new SearchRequest(query) { AllowPartial = true }, deadline: DateTime.UtcNow.AddSeconds(1));
        partial.MissingPartitions.ShouldBe(slow);
        (await RouterFixture.FailureAsync(
            fixture.Search.SearchAsync(query, deadline: DateTime.UtcNow.AddSeconds(0.2))))
            .StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task A_shard_that_hangs_does_not_keep_a_text_from_being_embedded_by_another()
    {
        await using var fixture = await StartAsync();
        fixture.Shards[2].Before = (method, _, context) => method == "EmbedTexts"
            ? Task.Delay(Timeout.Infinite, context.CancellationToken)
            : Task.CompletedTask;
        for (var i = 0; i < 3; i++)
        {
            var found = await fixture.Search.SearchAsync(Query, deadline: DateTime.UtcNow.AddSeconds(2));
            found.Hits.Count.ShouldBe(40);
        }
    }

    [Fact]
    public async Task A_caller_that_gives_up_stops_the_work_on_every_shard()
    {
        await using var fixture = await StartAsync();
        var running = 0;
        foreach (var shard in fixture.Shards)
        {
            shard.Before = async (_, _, context) =>
            {
                Interlocked.Increment(ref running);
                try
                {
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                }
                finally
                {
                    Interlocked.Decrement(ref running);
                }
            };
        }

        using var stop = new CancellationTokenSource();
        var call = fixture.Search.SearchAsync(
            new SearchRequest { Workspace = "docs", Vector = Vector }, cancellationToken: stop.Token);
        await Testing.Eventually.HoldsAsync(() => Volatile.Read(ref running) == 3, "all shards are at work");
        await stop.CancelAsync();
        (await RouterFixture.FailureAsync(call)).StatusCode.ShouldBe(StatusCode.Cancelled);
        await Testing.Eventually.HoldsAsync(() => Volatile.Read(ref running) == 0, "all shards have stopped");
    }

    [Fact]
    public async Task One_failure_stops_the_other_shards()
    {
        await using var fixture = await StartAsync();
        var stopped = 0;
        fixture.Shards[0].Before = (method, _, _) => method == "SearchSlices"
            ? Task.FromException(new RpcException(new Status(StatusCode.InvalidArgument, "Bad filter.")))
            : Task.CompletedTask;
        foreach (var shard in fixture.Shards.Skip(1))
        {
            shard.Before = async (method, _, context) =>
            {
                if (method != "SearchSlices")
                    return;
                try
                {
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                }
                finally
                {
                    Interlocked.Increment(ref stopped);
                }
            };
        }

        var error = await RouterFixture.FailureAsync(fixture.Search.SearchAsync(Query));
        error.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        error.Status.Detail.ShouldBe("Bad filter.");
        await Testing.Eventually.HoldsAsync(() => Volatile.Read(ref stopped) == 2, "the others have stopped");
    }

    [Fact]
    public async Task Partitions_that_moved_are_found_at_their_new_shards()
    {
        await using var fixture = await StartAsync();
        var moved = 0;
        // Shard 0 already knows the newer topology, in which it holds nothing; the router learns of it meanwhile.
        fixture.Shards[0].Before = (method, message, _) =>
        {
            if (method != "Count")
                return Task.CompletedTask;
            if (Interlocked.Increment(ref moved) == 1)
                fixture.Topology.Replace(fixture.Place(2, 16, partition => 1 + partition % 2));
            return Task.FromException(Faults.NotHeld());
        };
        fixture.Shards[1].CopyFrom(fixture.Shards[0]);
        fixture.Shards[2].CopyFrom(fixture.Shards[0]);
        fixture.Shards[1].CopyFrom(fixture.Shards[2]);
        fixture.Shards[2].CopyFrom(fixture.Shards[1]);
        var counted = await fixture.Chunks.CountChunksAsync(new CountChunksRequest { Workspace = "docs" });
        counted.Count.ShouldBe(40);
        moved.ShouldBeGreaterThan(0);
    }

    private static async Task<RouterFixture> StartAsync()
    {
        var fixture = await RouterFixture.StartAsync(shards: 3);
        await fixture.CreateAsync(spread: 8);
        await fixture.UpsertAsync("docs", Enumerable.Range(0, 40).Select(i => ($"d{i}", $"c{i}", "text")));
        return fixture;
    }

    private static void Kill(RouterFixture fixture, int shard) =>
        fixture.Shards[shard].Before = (_, _, _) => Task.FromException(Faults.Away());

    private static List<int> PartitionsOn(RouterFixture fixture, int shard) =>
        [.. Rag.Hosting.Topology.Placement.PartitionsOf("docs", 8, 16)
            .Where(partition => fixture.Topology.Current.OwnerOf(partition).Name == fixture.Shards[shard].Name).Order()];
}
