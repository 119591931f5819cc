using Grpc.Core;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Shards;

public sealed class StaleSettingsTests
{
    /// <summary>A router that would believe its cache for an hour.</summary>
    private static readonly RouterOptions Forgetful = new() { SettingsTtl = TimeSpan.FromHours(1) };

    [Fact]
    public async Task A_change_made_by_another_router_is_noticed_at_the_next_call()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2, options: Forgetful);
        await fixture.CreateAsync(spread: 4);
        await fixture.UpsertAsync("docs", ("d", "c", "text"));
        var other = fixture.AddRouter(Forgetful);
        var updated = await other.Workspaces.UpdateWorkspaceAsync(Relabel("docs"));
        updated.Workspace.Version.ShouldBe(2);

        var found = await fixture.Search.SearchAsync(new SearchRequest { Workspace = "docs", Text = "text" });
        found.SettingsVersion.ShouldBe(2);
        found.Hits.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_workspace_made_again_under_its_name_is_found_by_a_router_that_knew_the_former_one()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2, options: Forgetful);
        var former = await fixture.CreateAsync(spread: 4);
        await fixture.UpsertAsync("docs", ("old", "old", "text"));
        var other = fixture.AddRouter(Forgetful);
        await other.Workspaces.DeleteWorkspaceAsync(new DeleteWorkspaceRequest { Workspace = "docs" });
        var made = await other.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Workspace = new Workspace { Name = "docs" } });
        made.Workspace.Uid.ShouldNotBe(former.Uid);

        // Reads and writes of the first router, routed by the former settings at first.
        (await fixture.Search.SearchAsync(new SearchRequest { Workspace = "docs", Text = "text" })).Hits.ShouldBeEmpty();
        await fixture.UpsertAsync("docs", ("new", "new", "text"));
        (await fixture.Search.SearchAsync(new SearchRequest { Workspace = "docs", Text = "text" }))
            .Hits.Single().DocumentId.ShouldBe("new");
    }

    [Fact]
    public async Task Searches_and_writes_go_on_while_a_change_has_reached_only_some_shards()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 2);
        var workspace = await fixture.CreateAsync(spread: 4);
        await fixture.UpsertAsync("docs", Enumerable.Range(0, 20).Select(i => ($"d{i}", "c", "text")));
        fixture.Shards[1].Before = (method, _, _) =>
            method == "PutSettings" ? Task.FromException(Faults.Away()) : Task.CompletedTask;
        var error = await RouterFixture.FailureAsync(fixture.Workspaces.UpdateWorkspaceAsync(Relabel("docs")));
        error.StatusCode.ShouldBe(StatusCode.Unavailable);
        fixture.Shards[0].VersionsOf(Guid.Parse(workspace.Uid)).Values.Distinct().ShouldBe([2]);
        fixture.Shards[1].VersionsOf(Guid.Parse(workspace.Uid)).Values.Distinct().ShouldBe([1]);

        (await fixture.Search.SearchAsync(new SearchRequest { Workspace = "docs", Text = "text", K = 100 }))
            .Hits.Count.ShouldBe(20);
        await fixture.UpsertAsync("docs", Enumerable.Range(20, 20).Select(i => ($"d{i}", "c", "text")));
        (await fixture.Chunks.CountChunksAsync(new CountChunksRequest { Workspace = "docs" })).Count.ShouldBe(40);
    }

    [Fact]
    public async Task Settings_that_never_arrive_make_the_call_unavailable_after_some_tries()
    {
        await using var fixture = await RouterFixture.StartAsync();
        await fixture.CreateAsync();
        fixture.Shards[0].Before = (method, _, _) =>
            method == "SearchSlices" ? Task.FromException(Faults.StaleSettings()) : Task.CompletedTask;
        var error = await RouterFixture.FailureAsync(
            fixture.Search.SearchAsync(new SearchRequest { Workspace = "docs", Text = "text" }));
        error.StatusCode.ShouldBe(StatusCode.Unavailable);
        RouterFixture.RetryDelayOf(error).ShouldNotBeNull();
        fixture.Shards[0].Calls.Count(call => call == "SearchSlices").ShouldBe(7);
    }

    private static UpdateWorkspaceRequest Relabel(string name)
    {
        var request = new UpdateWorkspaceRequest
        {
            Workspace = new Workspace { Name = name },
            UpdateMask = new Google.Protobuf.WellKnownTypes.FieldMask(),
        };
        request.Workspace.Labels.Add("colour", "blue");
        request.UpdateMask.Paths.Add("labels");
        return request;
    }
}
