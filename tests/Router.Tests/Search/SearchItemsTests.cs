using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Search;

public sealed class SearchItemsTests
{
    [Fact]
    public async Task A_batch_answers_in_order_and_each_search_fails_for_itself()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync("one");
        await fixture.CreateAsync("two");
        await fixture.UpsertAsync("one", ("1", "1", "text"));
        await fixture.UpsertAsync("two", ("2", "2", "text"));
        var request = new SearchBatchRequest();
        request.Searches.Add(new SearchRequest { Workspace = "two", Text = "text" });
        request.Searches.Add(new SearchRequest { Workspace = "none", Text = "text" });
        request.Searches.Add(new SearchRequest { Workspace = "one", Text = "text" });
        request.Searches.Add(new SearchRequest { Workspace = "one", Text = "text", K = -1 });
        var results = (await fixture.Search.SearchBatchAsync(request)).Results;
        results[0].Response.Hits.Single().ChunkId.ShouldBe("2");
        results[1].Error.Code.ShouldBe((int)StatusCode.NotFound);
        results[2].Response.Hits.Single().ChunkId.ShouldBe("1");
        results[3].Error.Code.ShouldBe((int)StatusCode.InvalidArgument);

        (await RouterFixture.FailureAsync(fixture.Search.SearchBatchAsync(new SearchBatchRequest())))
            .StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task No_more_searches_of_a_batch_run_at_a_time_than_may()
    {
        await using var fixture = await RouterFixture.StartAsync(options: new RouterOptions { BatchParallelism = 3 });
        await fixture.CreateAsync();
        var (running, most) = (0, 0);
        fixture.Shards[0].Before = async (_, _, _) =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref running));
            await Task.Delay(5);
            Interlocked.Decrement(ref running);
        };
        var request = new SearchBatchRequest();
        for (var i = 0; i < 30; i++)
            request.Searches.Add(new SearchRequest { Workspace = "docs", Text = "text" });
        (await fixture.Search.SearchBatchAsync(request)).Results.ShouldAllBe(result => result.Response != null);
        most.ShouldBe(3);
    }

    [Fact]
    public async Task A_stream_answers_out_of_order_by_correlation_id_and_a_failed_search_does_not_end_it()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        await fixture.UpsertAsync("docs", ("d", "c", "text"));
        var gate = new TaskCompletionSource();
        fixture.Shards[0].Before = (_, message, _) =>
            message is Rag.Internal.V1.SearchSlicesRequest { Text: "slow" } ? gate.Task : Task.CompletedTask;

        using var call = fixture.Search.SearchStream();
        await call.RequestStream.WriteAsync(Item(1, "slow"));
        await call.RequestStream.WriteAsync(Item(2, "text"));
        await call.RequestStream.WriteAsync(new SearchStreamRequest { CorrelationId = 3 });
        var early = new List<SearchStreamResponse>();
        for (var i = 0; i < 2; i++)
        {
            (await call.ResponseStream.MoveNext(default)).ShouldBeTrue();
            early.Add(call.ResponseStream.Current);
        }

        early.Select(answer => answer.CorrelationId).ShouldBe([2ul, 3ul], ignoreOrder: true);
        early.Single(answer => answer.CorrelationId == 3).Result.Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
        gate.SetResult();
        (await call.ResponseStream.MoveNext(default)).ShouldBeTrue();
        call.ResponseStream.Current.CorrelationId.ShouldBe(1ul);
        await call.RequestStream.CompleteAsync();
        (await call.ResponseStream.MoveNext(default)).ShouldBeFalse();
        call.GetStatus().StatusCode.ShouldBe(StatusCode.OK);
    }

    [Fact]
    public async Task An_item_of_a_stream_has_a_timeout_of_its_own()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        fixture.Shards[0].Before = (_, _, context) => Task.Delay(Timeout.Infinite, context.CancellationToken);
        using var call = fixture.Search.SearchStream();
        var item = Item(9, "text");
        item.Timeout = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(50));
        await call.RequestStream.WriteAsync(item);
        (await call.ResponseStream.MoveNext(default)).ShouldBeTrue();
        call.ResponseStream.Current.Result.Error.Code.ShouldBe((int)StatusCode.DeadlineExceeded);
        var wrong = Item(10, "text");
        wrong.Timeout = new Duration { Seconds = -1 };
        await call.RequestStream.WriteAsync(wrong);
        (await call.ResponseStream.MoveNext(default)).ShouldBeTrue();
        call.ResponseStream.Current.Result.Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
        await call.RequestStream.CompleteAsync();
        (await call.ResponseStream.MoveNext(default)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_stream_takes_no_more_searches_than_may_run_until_answers_are_read()
    {
        await using var fixture = await RouterFixture.StartAsync(options: new RouterOptions { StreamParallelism = 4 });
        await fixture.CreateAsync();
        using var call = fixture.Search.SearchStream();
        var writing = Task.Run(async () =>
        {
            for (var i = 0ul; i < 500; i++)
                await call.RequestStream.WriteAsync(Item(i, "text"));
            await call.RequestStream.CompleteAsync();
        });
        var ids = new HashSet<ulong>();
        while (await call.ResponseStream.MoveNext(default))
            ids.Add(call.ResponseStream.Current.CorrelationId).ShouldBeTrue();
        await writing;
        ids.Count.ShouldBe(500);
    }

    private static SearchStreamRequest Item(ulong id, string text) => new()
    {
        CorrelationId = id,
        Search = new SearchRequest { Workspace = "docs", Text = text },
    };

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}
