using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Services;

public sealed class CallPipelineTests
{
    private static readonly SearchRequest Query = new() { Workspace = "docs", Text = "text" };

    [Fact]
    public async Task More_calls_than_may_be_served_are_told_to_come_back()
    {
        await using var fixture = await RouterFixture.StartAsync(options: new RouterOptions { MaxConcurrentCalls = 2 });
        await fixture.CreateAsync();
        var gate = new TaskCompletionSource();
        var waiting = 0;
        fixture.Shards[0].Before = (_, _, _) =>
        {
            Interlocked.Increment(ref waiting);
            return gate.Task;
        };
        var first = fixture.Search.SearchAsync(Query);
        var second = fixture.Search.SearchAsync(Query);
        await Testing.Eventually.HoldsAsync(() => Volatile.Read(ref waiting) == 2, "two calls are served");
        var error = await RouterFixture.FailureAsync(fixture.Search.SearchAsync(Query));
        error.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        RouterFixture.RetryDelayOf(error).ShouldNotBeNull();
        gate.SetResult();
        await first;
        await second;
        await fixture.Search.SearchAsync(Query);
    }

    [Fact]
    public async Task An_unexpected_fault_is_internal_and_tells_no_secrets()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        fixture.Shards[0].Before = (_, _, _) => throw new InvalidOperationException("secret path /etc");
        var error = await RouterFixture.FailureAsync(fixture.Search.SearchAsync(Query));
        error.StatusCode.ShouldBe(StatusCode.Internal);
        error.Status.Detail.ShouldNotContain("secret");
    }

    [Fact]
    public async Task A_call_without_a_deadline_gets_the_routers()
    {
        await using var fixture = await RouterFixture.StartAsync(
            options: new RouterOptions { DefaultTimeout = TimeSpan.FromSeconds(7) });
        await fixture.CreateAsync();
        DateTime seen = default;
        fixture.Shards[0].Before = (_, _, context) =>
        {
            seen = context.Deadline;
            return Task.CompletedTask;
        };
        await fixture.Search.SearchAsync(Query);
        (seen - DateTime.UtcNow).ShouldBeInRange(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(7));
        var own = DateTime.UtcNow.AddSeconds(3);
        await fixture.Search.SearchAsync(Query, deadline: own);
        seen.ShouldBe(own, TimeSpan.FromMilliseconds(5));
    }

    [Fact]
    public void Options_out_of_range_are_all_named()
    {
        var errors = new RouterOptions
        {
            MaxConcurrentCalls = 0, SettingsTtl = TimeSpan.FromDays(1), MaxFileBytes = -1, BulkParallelism = 65,
        }.Validate();
        errors.Count.ShouldBe(4);
        new RouterOptions().Validate().ShouldBeEmpty();
    }
}
