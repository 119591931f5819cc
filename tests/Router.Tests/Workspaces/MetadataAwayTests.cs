using System.Reflection;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Rag.Metadata;
using Rag.Router.Tests.Fakes;
using Rag.Router.Workspaces;
using Rag.Testing;
using Rag.V1;

namespace Rag.Router.Tests.Workspaces;

public sealed class MetadataAwayTests
{
    private static readonly RouterOptions ShortLived = new() { SettingsTtl = TimeSpan.FromMilliseconds(1) };

    [Fact]
    public async Task Searches_and_writes_of_chunks_go_on_and_the_rest_says_when_to_try_again()
    {
        await using var fixture = await RouterFixture.StartAsync(options: ShortLived);
        await fixture.CreateAsync();
        await fixture.UpsertAsync("docs", ("1", "1", "before"));
        fixture.MetadataIsAway = true;
        await OutliveAsync(fixture);

        for (var i = 0; i < 20; i++)
        {
            await fixture.UpsertAsync("docs", ($"d{i}", "1", "while it is away"));
            (await fixture.Search.SearchAsync(new SearchRequest { Workspace = "docs", Text = "before" })).Hits.Count.ShouldBeGreaterThan(0);
        }

        var error = await Should.ThrowAsync<RpcException>(
            async () => await fixture.Workspaces.CreateWorkspaceAsync(new CreateWorkspaceRequest { Workspace = new Workspace { Name = "new" } }));
        error.StatusCode.ShouldBe(StatusCode.Unavailable);
        error.Trailers.GetValueBytes("grpc-status-details-bin").ShouldNotBeNull("it carries the delay of the next try");
        (await Should.ThrowAsync<RpcException>(
            async () => await fixture.Search.SearchAsync(new SearchRequest { Workspace = "unknown", Text = "a" })))
            .StatusCode.ShouldBe(StatusCode.Unavailable);

        fixture.MetadataIsAway = false;
        var directory = fixture.Services.GetRequiredService<WorkspaceDirectory>();
        var known = await directory.LoadAsync("docs", default);
        await fixture.Metadata.Workspaces.TryBeginDeleteAsync(known.Uid, 0, default);
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                await directory.GetAsync("docs", default);
                return false;
            }
            catch (Router.Errors.RefusedException)
            {
                return true;
            }
        }, "the workspace's end is noticed once the store is back");
    }

    [Fact]
    public async Task A_store_that_does_not_answer_holds_nobody_up()
    {
        await using var fixture = await RouterFixture.StartAsync(options: ShortLived);
        await fixture.CreateAsync();
        await fixture.UpsertAsync("docs", ("1", "1", "before"));
        fixture.WorkspacesInstead = DispatchProxy.Create<IWorkspaceStore, Silent>();
        await OutliveAsync(fixture);
        for (var i = 0; i < 20; i++)
        {
            var search = fixture.Search.SearchAsync(new SearchRequest { Workspace = "docs", Text = "before" });
            (await search.ResponseAsync.WaitAsync(TimeSpan.FromSeconds(30))).Hits.ShouldNotBeEmpty();
        }
    }

    private static Task OutliveAsync(RouterFixture fixture)
    {
        var until = TimeProvider.System.GetTimestamp();
        return Eventually.HoldsAsync(
            () => TimeProvider.System.GetElapsedTime(until) > ShortLived.SettingsTtl * 8, "what is cached has outlived its time");
    }

    /// <summary>Takes every question and answers none.</summary>
    public class Silent : DispatchProxy
    {
        protected override object Invoke(MethodInfo? method, object?[]? arguments) =>
            new ValueTask<WorkspaceRecord?>(new TaskCompletionSource<WorkspaceRecord?>().Task);
    }
}
