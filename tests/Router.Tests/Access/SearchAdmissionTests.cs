using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Rag.Hosting.Overload;
using Rag.Router.Access;
using Rag.Router.Tests.Fakes;
using Rag.Testing;
using Rag.V1;

namespace Rag.Router.Tests.Access;

public sealed class SearchAdmissionTests
{
    private static readonly SearchRequest Query = new() { Workspace = "docs", Text = "text" };

    private readonly HeldThreads _threads = new();

    [Fact]
    public async Task A_search_that_may_not_wait_is_refused_with_a_retry_delay_and_before_any_work()
    {
        await using var fixture = await StartAsync();
        var waiting = Search(fixture).SearchAsync(Query);
        await Eventually.HoldsAsync(() => _threads.Queued > 0, "one search waits");
        var calls = fixture.Shards[0].Calls.Count;

        var error = await RouterFixture.FailureAsync(Search(fixture).SearchAsync(Query));
        error.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        error.Status.Detail.ShouldContain("try again");
        var delay = RouterFixture.RetryDelayOf(error).ShouldNotBeNull();
        delay.ShouldBeInRange(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(6));
        error.Trailers.GetValue("retry-after-ms").ShouldBe(((long)delay.TotalMilliseconds).ToString());
        (await RouterFixture.FailureAsync(Search(fixture).CountFacetsAsync(new CountFacetsRequest { Workspace = "docs" })))
            .StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        fixture.Shards[0].Calls.Count.ShouldBe(calls);

        _threads.Release();
        await waiting;
        await Search(fixture).SearchAsync(Query);
    }

    [Fact]
    public async Task Searches_of_a_batch_and_of_a_stream_pass_the_same_door_each_for_itself()
    {
        await using var fixture = await StartAsync();
        var waiting = Search(fixture).SearchAsync(Query);
        await Eventually.HoldsAsync(() => _threads.Queued > 0, "one search waits");

        var batch = new SearchBatchRequest { Searches = { Query, Query } };
        foreach (var result in (await Search(fixture).SearchBatchAsync(batch)).Results)
            ShouldBeRefused(result);
        using var stream = Search(fixture).SearchStream();
        await stream.RequestStream.WriteAsync(new SearchStreamRequest { CorrelationId = 1, Search = Query });
        (await stream.ResponseStream.MoveNext(default)).ShouldBeTrue();
        ShouldBeRefused(stream.ResponseStream.Current.Result);

        _threads.Release();
        await waiting;
        await stream.RequestStream.WriteAsync(new SearchStreamRequest { CorrelationId = 2, Search = Query });
        (await stream.ResponseStream.MoveNext(default)).ShouldBeTrue();
        stream.ResponseStream.Current.Result.Response.ShouldNotBeNull();
        (await Search(fixture).SearchBatchAsync(batch)).Results.ShouldAllBe(result => result.Response != null);
    }

    [Fact]
    public async Task A_search_whose_caller_gives_up_while_it_waits_is_not_begun()
    {
        await using var fixture = await StartAsync();
        using var gone = new CancellationTokenSource();
        var waiting = Search(fixture).SearchAsync(Query, cancellationToken: gone.Token);
        await Eventually.HoldsAsync(() => _threads.Queued > 0, "one search waits");
        var calls = fixture.Shards[0].Calls.Count;
        await gone.CancelAsync();
        (await RouterFixture.FailureAsync(waiting)).StatusCode.ShouldBe(StatusCode.Cancelled);
        _threads.Release();
        var admission = fixture.Routers[^1].Provider.GetRequiredService<SearchAdmission>();
        await Eventually.HoldsAsync(() => admission.Queued == 0, "nobody waits");
        await Search(fixture).SearchAsync(Query);
        fixture.Shards[0].Calls.Skip(calls).ShouldBe(["SearchSlices"]);
    }

    private static void ShouldBeRefused(SearchResult result)
    {
        result.Error.Code.ShouldBe((int)StatusCode.ResourceExhausted);
        result.Error.RetryDelay.ToTimeSpan().ShouldBeInRange(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(6));
    }

    private static SearchService.SearchServiceClient Search(RouterFixture fixture) => fixture.Routers[^1].Search;

    private async Task<RouterFixture> StartAsync()
    {
        var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        await fixture.UpsertAsync("docs", ("d", "c", "text"));
        fixture.AddRouter(
            new RouterOptions { Overload = new OverloadOptions { MaxQueued = 1, RetryDelay = TimeSpan.FromSeconds(4) } },
            services => services.AddSingleton<ISearchThreads>(_threads));
        return fixture;
    }
}
